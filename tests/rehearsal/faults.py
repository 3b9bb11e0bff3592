"""Steps that take parts away: each container killed, Temporal or all workers away for a time."""

import asyncio

from tests.rehearsal import load
from tests.rehearsal.load import History
from tests.rehearsal.rehearsal import CALLERS, Failed, Rehearsal, Watch, thread

DOWN_SECONDS = 4
NORMAL_SECONDS = 20
BOOKINGS = 2000
"""How many are made while Temporal is away."""
WORKERS_BOOKINGS = 500
LONGEST_OUTAGE = 120.0
SLOWER = 1.3
"""How much longer the slowest hundredth of the answers may take meanwhile."""
AGREE_SECONDS = 60
KINDS = ("hold", "confirm", "cancel")


async def kill(rehearsal: Rehearsal) -> str:
    """Kills one container of each service in turn, under load, and starts it again."""
    history, stack = History(), rehearsal.stack
    async with load.running(rehearsal.practice, history, CALLERS):
        await asyncio.sleep(5)
        for service in rehearsal.servers:
            before = history.repeated.copy()
            victim = stack.of(service)[0]
            await thread(stack.engine.docker, "kill", victim.id)
            await asyncio.sleep(DOWN_SECONDS)
            await thread(stack.engine.docker, "start", victim.id)
            watch = Watch()
            await thread(stack.healthy, 120)
            repeats = dict(history.repeated - before) or "none"
            rehearsal.say(
                f"  {service}: healthy {watch.seconds:.1f} s after its start; repeats {repeats}"
            )
    await rehearsal.judge(history)
    return f"{len(rehearsal.servers)} services, {len(history.ended)} visits"


async def outage(rehearsal: Rehearsal) -> str:
    """Bookings go on as fast without Temporal and without workers, which catch up afterwards."""
    normal = History()
    async with load.running(rehearsal.practice, normal, CALLERS):
        await asyncio.sleep(NORMAL_SECONDS)
    await rehearsal.judge(normal)
    found = []
    for service, bookings in (("temporal", BOOKINGS), ("worker", WORKERS_BOOKINGS)):
        found.append(await _without(rehearsal, service, bookings, normal))
    return "; ".join(found)


async def _without(rehearsal: Rehearsal, service: str, bookings: int, normal: History) -> str:
    history, stack = History(), rehearsal.stack
    ids = [each.id for each in stack.of(service)]
    await thread(stack.engine.docker, "kill", *ids)
    away = Watch()
    async with load.running(rehearsal.practice, history, CALLERS):
        await load.wait_until(lambda: len(history.ended) >= bookings, LONGEST_OUTAGE)
    seconds = away.seconds
    await thread(stack.engine.docker, "start", *ids)
    await thread(stack.healthy)
    agreed = (await rehearsal.judge(history)).agreed_after
    _compare(rehearsal, service, normal, history)
    if agreed > AGREE_SECONDS:
        raise Failed(f"workflows agreed {agreed:.0f} s after the return of {service}")
    made = len(history.ended)
    return f"{made} visits in {seconds:.0f} s without {service}, agreed {agreed:.0f} s later"


def _compare(rehearsal: Rehearsal, service: str, normal: History, history: History) -> None:
    slower = []
    for kind in KINDS:
        before, after = (each.quantile(kind, 0.99) * 1000 for each in (normal, history))
        rehearsal.say(f"  {kind} p99: {before:.0f} ms, {after:.0f} ms without {service}")
        if after > SLOWER * before:
            slower.append(kind)
    if slower:
        raise Failed(f"slower without {service}: {', '.join(slower)}")
    if history.repeated:
        raise Failed(f"requests failed without {service}: {dict(history.repeated)}")
