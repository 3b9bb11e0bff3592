"""How late a hold expires on an idle system: from its deadline to the expiry of its row."""

import asyncio

from benchmarks import calls
from benchmarks.bench import Bench
from benchmarks.figures import Result, Target, percentile
from benchmarks.load import arrivals
from benchmarks.world import SHORT, Caller, Slot

NAME = "expiry_delay"
ABOUT = "from a hold's deadline to its expiry, by the database's clock; 10 holds per second"
BOUND_MS = 100.0
RATE = 10.0
COUNT = (100, 40)
TIMEOUT = 15.0

RELEASED = """
select extract(epoch from t.at - a.hold_expires_at)::float8 as late, t.via
  from appointment_transitions t join appointments a on a.id = t.appointment_id
 where t.to_status = 'expired' and t.appointment_id = any($1::uuid[])
"""


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    row = result.row("expiry", Target("p99_ms", "≤", BOUND_MS))
    for _ in range(bench.plan.repetitions):
        await bench.clean()
        late, swept = await _late(bench, bench.plan.count(*COUNT))
        row.add(p50_ms=percentile(late, 50) * 1000, p99_ms=percentile(late, 99) * 1000)
        result.row("not expired by its workflow").add(count=swept)
    await bench.clean()
    return result


async def _late(bench: Bench, count: int) -> tuple[list[float], int]:
    """The delays in seconds, and how many holds were not expired by their workflow."""
    jobs = list(zip(bench.world.slots(count), bench.world.callers(count), strict=True))
    async with bench.connections(4) as connections:

        async def hold(job: tuple[int, tuple[Slot, Caller]]) -> str:
            number, (slot, caller) = job
            connection = connections[number % len(connections)]
            return calls.booked_id(await connection.ask(calls.hold(slot, caller, None, SHORT)))

        held = await arrivals(RATE, list(enumerate(jobs)), hold)
    ids = [id for id in held if isinstance(id, str)]
    async with asyncio.timeout(TIMEOUT):
        while len(released := await bench.admin.fetch(RELEASED, ids)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return [row["late"] for row in released], sum(row["via"] != "workflow" for row in released)
