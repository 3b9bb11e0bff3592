"""Latency of events to 100 streams, from the change's trigger, which runs before the commit.

Measured twice: all streams subscribe to all events; and each to one patient's own bookings.
"""

import asyncio

from benchmarks import calls
from benchmarks.bench import Bench
from benchmarks.figures import Result, Row, Target, percentile
from benchmarks.follower import Follower
from benchmarks.load import arrivals
from benchmarks.world import Caller, Slot

NAME = "streams"
ABOUT = "commit to client with 100 open streams, 10 changes per second"
STREAMS = 100
RATE = 10.0
COUNT = (100, 40)
BOUND_MS = 5.0


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    bound = Target("p50_ms", "≤", BOUND_MS)
    everything = result.row("each event to all 100 streams", bound)
    own = result.row("each event to the one stream it concerns", bound)
    count = bench.plan.count(*COUNT)
    for _ in range(bench.plan.repetitions):
        desk = bench.world.callers(count)
        await _follow(bench, everything, [desk[0]] * STREAMS, desk, "")
        readers = bench.world.patients[:STREAMS]
        makers = [readers[n % STREAMS] for n in range(count)]
        await _follow(bench, own, readers, makers, "?topics=appointments")
    result.note("measured from the trigger's `occurred_at`, so the commit is included")
    return result


async def _follow(
    bench: Bench, row: Row, readers: list[Caller], makers: list[Caller], query: str
) -> None:
    """One repetition: `makers` hold slots, `readers` receive the events."""
    await bench.clean()
    followers = [await Follower.open(bench.system.port, r.token, query) for r in readers]
    await asyncio.gather(*(follower.ready() for follower in followers))
    async with bench.connections(4) as connections:
        jobs = list(enumerate(zip(bench.world.slots(len(makers)), makers, strict=True)))

        async def hold(job: tuple[int, tuple[Slot, Caller]]) -> str:
            number, pair = job
            connection = connections[number % len(connections)]
            return calls.booked_id(await connection.ask(calls.hold(*pair)))

        await arrivals(RATE, jobs, hold)
    await asyncio.sleep(1)
    waits = [wait for follower in followers for wait in follower.waits]
    for follower in followers:
        follower.close()
    row.add(
        p50_ms=percentile(waits, 50) * 1000,
        p99_ms=percentile(waits, 99) * 1000,
        events=len(waits),
    )
