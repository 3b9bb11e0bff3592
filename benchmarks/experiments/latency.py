"""How long a hold and a confirm take over HTTP, beside one INSERT behind the same application."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from uuid_utils.compat import uuid7

from benchmarks import calls, own_cost, prepare, rows, server
from benchmarks.bench import Bench
from benchmarks.client import Connection
from benchmarks.figures import Result, Target
from benchmarks.load import Measured, closed
from benchmarks.world import PLAIN, VISIT, Slot
from domain.messages import Booking
from workflows.delivery import WORKFLOW

NAME = "latency"
ABOUT = "p50 beside baseline (a), the whole system running"
JOBS = {1: (200, 100), 8: (400, 240), 32: (800, 480)}
ROUNDS = 3
"""Per repetition: beside others on its host, the ratio of two short runs varies by a fifth."""
HOLD_BOUND = {1: 3.0, 8: 3.0, 32: 4.0}
CONFIRM_BOUND = {1: 2.0, 8: 2.0, 32: 2.0}

CPU = ("api", "postgres")
RPC_TIMEOUT = timedelta(seconds=10)

Measure = Callable[[Bench, int, int], Awaitable[Measured[Any]]]


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    for _ in range(bench.plan.repetitions * ROUNDS):
        for callers, jobs in JOBS.items():
            await _level(bench, result, callers, bench.plan.count(*jobs))
    result.note(await own_cost.note(bench))
    result.note("p10: as if nobody else were there, on a machine that is shared")
    result.note("ratio: p50 beside that of (a), measured just before it with as many callers")
    return result


async def _level(bench: Bench, result: Result, callers: int, count: int) -> None:
    """One repetition with so many callers. (a) comes before each, as others may be at work too."""
    inserts = result.row(f"{BASE}, {callers}")
    for what, measure, bound, without in MEASURES:
        await bench.clean()
        base = await _inserts(bench, callers, count)
        inserts.add(**_figures(base))
        with bench.without(*without):
            measured = await measure(bench, callers, count)
            if without:  # what it left to be dispatched is nobody's business any more
                await rows.undo(bench.admin)
        targets = [Target("ratio", "≤", bound[callers])] if bound else []
        row = result.row(f"{what}, {callers}", *targets)
        row.add(**_figures(measured), ratio=measured.p50 / base.p50)
    await bench.clean()


def _figures(measured: Measured[Any]) -> dict[str, float]:
    spent = {f"{name}_cpu_ms": measured.cpu[name] * 1000 for name in CPU if name in measured.cpu}
    return measured.figures() | spent


async def _bare(bench: Bench, callers: int, count: int) -> Measured[Any]:
    async def insert(slot: Slot) -> object:
        async with bench.pool.acquire() as connection:
            return await connection.fetchval(
                server.INSERT,
                uuid7(),
                slot.resource_no,
                slot.starts_at,
                slot.starts_at + server.VISIT,
            )

    measured = await closed([insert] * callers, bench.world.slots(count))
    assert all(measured.answers), "a slot was taken"
    return measured


async def _starts(bench: Bench, callers: int, count: int) -> Measured[Any]:
    """On a queue where nobody works."""

    async def start(id: str) -> object:
        return await bench.temporal.start_workflow(
            WORKFLOW, Booking(id), id=f"bare-{id}", task_queue="nobody", rpc_timeout=RPC_TIMEOUT
        )

    return await closed([start] * callers, [str(uuid7()) for _ in range(count)])


async def _inserts(bench: Bench, callers: int, count: int) -> Measured[Any]:
    world = bench.world
    pairs = zip(world.slots(count), world.callers(count), strict=True)
    return await _asked(bench, callers, [calls.insert(*pair) for pair in pairs])


async def hold_requests(bench: Bench, callers: int, count: int, kind: str = PLAIN) -> Measured[Any]:
    """Holds over HTTP, as fast as so many callers get their answers."""
    world = bench.world
    pairs = zip(world.slots(count), world.callers(count), strict=True)
    return await _asked(bench, callers, [calls.hold(*pair, kind) for pair in pairs])


async def _confirms(bench: Bench, callers: int, count: int) -> Measured[Any]:
    """Of holds that were placed without the API, so that nothing else goes on meanwhile."""
    placed = await prepare.holds(bench, count)
    await bench.calm()
    return await _asked(bench, callers, [calls.confirm(*pair) for pair in placed])


async def _asked(bench: Bench, callers: int, requests: list[bytes]) -> Measured[Any]:
    def asking(connection: Connection) -> Callable[[bytes], Awaitable[str]]:
        async def ask(request: bytes) -> str:
            return calls.booked_id(await connection.ask(request))

        return ask

    async with bench.connections(callers) as connections:
        return await closed(
            [asking(connection) for connection in connections], requests, bench.system.pids
        )


BASE = "(a) INSERT behind the API"
TEMPORAL = ("temporal", "worker")
MEASURES: list[tuple[str, Measure, dict[int, float] | None, tuple[str, ...]]] = [
    ("bare INSERT, asyncpg", _bare, None, ()),
    ("(c) start_workflow", _starts, None, ()),
    ("hold", partial(hold_requests, kind=PLAIN), HOLD_BOUND, ()),
    ("hold with a chair", partial(hold_requests, kind=VISIT), HOLD_BOUND, ()),
    ("confirm", _confirms, CONFIRM_BOUND, ()),
    ("hold, Temporal stopped", partial(hold_requests, kind=PLAIN), None, TEMPORAL),
    ("hold with a chair, Temporal stopped", partial(hold_requests, kind=VISIT), None, TEMPORAL),
    ("confirm, Temporal stopped", _confirms, None, TEMPORAL),
]
"""What is measured, its bounds, and which parts stand still meanwhile."""
