"""What the event pipeline costs: holds per second with it, beside holds without its triggers."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from benchmarks import calls
from benchmarks.bench import Bench
from benchmarks.client import Connection
from benchmarks.figures import Result, Target
from benchmarks.load import closed

NAME = "event_cost"
ABOUT = "holds per second at 16 callers, with and without event triggers; Temporal is stopped"
CALLERS = 16
COUNT = (1500, 400)
ROUNDS = 3
"""Pairs of measurements per repetition: with, without, with, …"""
SHARE = 0.8
FLUSHES = {"the disk's own flush": 0, "a flush of 1.5 ms": 1500}
TRIGGERS = ("appointments_published_insert", "appointments_published_update")


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    for _ in range(bench.plan.repetitions):
        for flush, delay in FLUSHES.items():
            async with _flushing(bench, delay):
                await _compare(bench, result, flush)
    await bench.clean()
    result.note("a flush of 1.5 ms: commit_delay, which each commit then waits for")
    result.note(f"the rate with it is what {CALLERS} callers reach: it saturates both cores")
    return result


async def _compare(bench: Bench, result: Result, flush: str) -> None:
    for _ in range(ROUNDS):
        with_it = await _rate(bench)
        async with _switched_off(bench):
            without = await _rate(bench)
        result.row(f"with it, {flush}", Target("share", "≥", SHARE)).add(
            per_s=with_it, share=with_it / without
        )
        result.row(f"without, {flush}").add(per_s=without)


async def _rate(bench: Bench) -> float:
    await bench.clean()
    with bench.without("temporal", "worker"):
        count = bench.plan.count(*COUNT)
        pairs = zip(bench.world.slots(count), bench.world.callers(count), strict=True)
        holds = [calls.hold(slot, caller) for slot, caller in pairs]
        async with bench.connections(CALLERS) as connections:
            measured = await closed([_holding(connection) for connection in connections], holds)
    return measured.figures()["per_s"]


def _holding(connection: Connection) -> Callable[[bytes], Awaitable[str]]:
    async def hold(request: bytes) -> str:
        return calls.booked_id(await connection.ask(request))

    return hold


@contextlib.asynccontextmanager
async def _switched_off(bench: Bench) -> AsyncIterator[None]:
    await _triggers(bench, "disable")
    try:
        yield
    finally:
        await _triggers(bench, "enable")


async def _triggers(bench: Bench, what: str) -> None:
    for name in TRIGGERS:
        await bench.admin.execute(f"alter table appointments {what} trigger {name}")


@contextlib.asynccontextmanager
async def _flushing(bench: Bench, delay: int) -> AsyncIterator[None]:
    """Each commit waits so many microseconds more for its flush."""
    await _set(bench, delay)
    try:
        yield
    finally:
        await _set(bench, 0)


async def _set(bench: Bench, delay: int) -> None:
    await bench.admin.execute(f"alter system set commit_delay = {delay}")
    await bench.admin.execute("alter system set commit_siblings = 0")
    await bench.admin.execute("select pg_reload_conf()")
