"""Bookings while Temporal does not answer, and how soon the workflows agree with them then."""

import asyncio
import time

from benchmarks import calls
from benchmarks.bench import Bench
from benchmarks.client import Connection
from benchmarks.figures import Result, Row, Target, percentile
from benchmarks.load import work
from benchmarks.world import Caller, Slot
from workflows.comparison import compare

NAME = "outage"
ABOUT = "hold and confirm with and without Temporal (SIGSTOP), 4 callers; then until all agree"
COUNT = (2000, 200)
CALLERS = 4
BOUND_S = 60.0
TIMEOUT = 600.0

Job = tuple[Slot, Caller]


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    count = bench.plan.count(*COUNT)
    for _ in range(bench.plan.repetitions):
        await bench.clean()
        await _book(bench, count // 4, result.row("a request, Temporal works"))
        await _agree(bench)
        with bench.without("temporal"):
            await _book(bench, count, result.row("a request, Temporal does not answer"))
        row = result.row(f"{count:,} bookings agree", Target("seconds", "≤", BOUND_S))
        row.add(seconds=await _agree(bench))
    await bench.clean()
    return result


async def _book(bench: Bench, count: int, row: Row) -> None:
    """Holds and confirms; adds the latencies of both."""
    jobs = list(zip(bench.world.slots(count), bench.world.callers(count), strict=True))
    latencies: list[float] = []

    def caller(connection: Connection):  # type: ignore[no-untyped-def]
        async def ask(request: bytes) -> str:
            began = time.perf_counter()
            id = calls.booked_id(await connection.ask(request))
            latencies.append(time.perf_counter() - began)
            return id

        async def book(job: Job) -> None:
            slot, patient = job
            id = await ask(calls.hold(slot, patient))
            await ask(calls.confirm(id, patient))

        return book

    async with bench.connections(CALLERS) as connections:
        await work([caller(connection) for connection in connections], jobs)
    row.add(**{f"p{q}_ms": percentile(latencies, q) * 1000 for q in (50, 99)})


async def _agree(bench: Bench) -> float:
    """Seconds until each workflow shows what its row says."""
    began = time.perf_counter()
    async with asyncio.timeout(TIMEOUT), bench.pool.acquire() as connection:
        while True:
            if not await connection.fetchval("select exists (select from workflow_inbox)"):
                found = await compare(connection, bench.temporal, settled_after=0)
                if not found.missing and not found.outdated:
                    return time.perf_counter() - began
            await asyncio.sleep(0.5)
