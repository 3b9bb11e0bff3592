"""How long the reconciler takes to start missing workflows, as after Temporal lost them."""

import asyncio
import time
from uuid import UUID

from benchmarks import calls
from benchmarks.bench import Bench
from benchmarks.figures import Result, Target
from benchmarks.load import work
from benchmarks.world import Caller, Slot
from workflows.comparison import compare
from workflows.reconciler import Reconciler

NAME = "restore"
ABOUT = "from the start of the pass until each orphaned booking has a workflow that has read it"
COUNT = (1000, 200)
BOUND_S, BOUND_PER_S = 30.0, 50.0
TIMEOUT = 300.0


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    count = bench.plan.count(*COUNT)
    row = result.row(
        f"{count:,} orphans", Target("seconds", "≤", BOUND_S), Target("per_s", "≥", BOUND_PER_S)
    )
    for _ in range(bench.plan.repetitions):
        await bench.clean()
        ids = await _orphans(bench, count)
        seconds = await _repaired(bench, ids)
        row.add(seconds=seconds, per_s=count / seconds)
    await bench.clean()
    return result


async def _orphans(bench: Bench, count: int) -> set[UUID]:
    """Bookings of which no dispatcher ever knew."""
    jobs = list(zip(bench.world.slots(count), bench.world.callers(count), strict=True))
    async with bench.connections(8) as connections:

        async def hold(connection, job: tuple[Slot, Caller]) -> UUID:  # type: ignore[no-untyped-def]
            return UUID(calls.booked_id(await connection.ask(calls.hold(*job))))

        with bench.without("worker"):
            callers = [lambda job, c=c: hold(c, job) for c in connections]
            held = await work(callers, jobs)
            await bench.admin.execute("delete from workflow_inbox")
    await bench.wait_until_idle()
    return set(held.answers)


async def _repaired(bench: Bench, ids: set[UUID]) -> float:
    """Seconds until no booking differs from its workflow."""
    reconciler = Reconciler(bench.system.dsn, bench.temporal, settled_after=0)
    began = time.perf_counter()
    repair = asyncio.create_task(reconciler.reconcile())
    async with asyncio.timeout(TIMEOUT), bench.pool.acquire() as connection:
        while True:
            await asyncio.sleep(0.5)
            if await connection.fetchval("select exists (select from workflow_inbox)"):
                continue
            found = await compare(connection, bench.temporal, settled_after=0)
            if not ids & (found.missing | found.outdated):
                break
        seconds = time.perf_counter() - began
        await repair
    return seconds
