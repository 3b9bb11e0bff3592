"""The steps of a rehearsal, in order. Each returns what it found, or raises."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from subprocess import CalledProcessError, TimeoutExpired

import httpx2

from tests.rehearsal import acceptance
from tests.rehearsal.faults import kill, outage
from tests.rehearsal.figures import figures
from tests.rehearsal.practice import Practice
from tests.rehearsal.rehearsal import Failed, Rehearsal, Watch
from tests.rehearsal.stack import URL, NotHealthy, Stack
from tests.rehearsal.upkeep import backup, restart, roll
from tests.rehearsal.variants import development, profiles


async def accept(rehearsal: Rehearsal) -> str:
    for check in acceptance.CHECKS:
        found = await check(rehearsal.practice, rehearsal.stack)
        rehearsal.say(f"  {check.__name__.replace('_', ' ')}: {found}")
    return f"{len(acceptance.CHECKS)} checks"


STEPS: dict[str, Callable[[Rehearsal], Awaitable[str]]] = {
    "acceptance": accept,
    "kill": kill,
    "restart": restart,
    "profiles": profiles,
    "development": development,
    "roll": roll,
    "outage": outage,
    "backup": backup,  # afterwards bookings that are over may have no workflow, which others want
    "figures": figures,  # stops the containers
}
FAILURES = (
    Failed,
    NotHealthy,
    AssertionError,
    TimeoutError,
    TimeoutExpired,
    httpx2.HTTPError,
)


@dataclass(frozen=True)
class Result:
    step: str
    well: bool
    seconds: float
    found: str

    def __str__(self) -> str:
        return (
            f"{self.step:<12}{'passed' if self.well else 'FAILED':<8}"
            f"{self.seconds:5.0f} s  {self.found}"
        )


async def run(
    stack: Stack, secret: str, names: list[str], say: Callable[[str], None]
) -> list[Result]:
    """Runs these steps. One that fails does not keep the next from being tried."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=50)
    async with httpx2.AsyncClient(
        base_url=URL, verify=stack.tls(), timeout=10, limits=limits
    ) as http:
        rehearsal = Rehearsal(stack, Practice(http, secret), secret, say)
        await rehearsal.practice.set_up()
        return [await _try(rehearsal, name) for name in STEPS if name in names]


async def _try(rehearsal: Rehearsal, name: str) -> Result:
    rehearsal.say(name)
    watch = Watch()
    try:
        found = await STEPS[name](rehearsal)
        result = Result(name, True, watch.seconds, found)
    except CalledProcessError as failure:
        said = f"{' '.join(failure.cmd)[:100]} … {failure.stderr[-300:]}"
        result = Result(name, False, watch.seconds, said)
    except FAILURES as failure:
        result = Result(name, False, watch.seconds, repr(failure))
    rehearsal.say(str(result))
    return result
