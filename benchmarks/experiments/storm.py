"""200 patients who ask for one slot at the same instant: one gets it, and how long all wait.

Each of them has looked at their appointments just before.
"""

import asyncio
import time
from collections import Counter

from benchmarks import calls
from benchmarks.bench import Bench
from benchmarks.client import Answer, Connection, request
from benchmarks.figures import Result, Target, percentile
from benchmarks.load import closed
from benchmarks.world import VISIT, Caller, Slot

NAME = "storm"
ABOUT = "200 callers for one slot over HTTP, beside a single caller's hold"
CALLERS = 200
ROUNDS = (10, 4)
SINGLES = (200, 60)
BOUND = 20.0


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    row = result.row("storm", Target("p99_to_single", "≤", BOUND))
    for _ in range(bench.plan.repetitions):
        await bench.clean()
        single = await _single(bench)
        result.row("a single hold").add(**single.figures())
        result.row("(a) 200 INSERTs at once").add(**await _inserts(bench, single.p50))
        await bench.clean()
        waits, wrong = await _rounds(bench, bench.plan.count(*ROUNDS))
        p99 = percentile(waits, 99)
        row.add(
            p50_ms=percentile(waits, 50) * 1000, p99_ms=p99 * 1000, p99_to_single=p99 / single.p50
        )
        result.row("rounds without exactly one winner", Target("count", "≤", 0)).add(
            count=len(wrong)
        )
        if wrong:
            result.note(f"statuses of those rounds: {wrong}")
    await bench.clean()
    return result


async def _single(bench: Bench):
    count = bench.plan.count(*SINGLES)
    pairs = zip(bench.world.slots(count), bench.world.callers(count), strict=True)
    async with bench.connections(1) as (connection,):
        return await closed([connection.ask], [calls.hold(*pair, VISIT) for pair in pairs])


async def _inserts(bench: Bench, single: float) -> dict[str, float]:
    """As many callers of baseline (a), for a slot each: what the way there takes by itself."""
    waits: list[float] = []
    async with bench.connections(CALLERS) as connections:
        for number in range(bench.plan.count(*ROUNDS) + 1):
            pairs = zip(bench.world.slots(CALLERS), bench.world.patients, strict=True)
            took, _ = await _at_once(connections, [calls.insert(*pair) for pair in pairs])
            waits += took if number else []
            await bench.calm()
    p50, p99 = percentile(waits, 50), percentile(waits, 99)
    return {"p50_ms": p50 * 1000, "p99_ms": p99 * 1000, "p99_to_single": p99 / single}


async def _rounds(bench: Bench, rounds: int) -> tuple[list[float], list[dict[int, int]]]:
    """How long each caller waited, and the statuses of rounds that ended otherwise than they
    should. The first
    round is not counted.
    """
    waits: list[float] = []
    wrong: list[dict[int, int]] = []
    async with bench.connections(CALLERS) as connections:
        for number, slot in enumerate(bench.world.slots(rounds + 1)):
            took, answers = await _round(connections, slot, bench.world.patients)
            waits += took if number else []
            statuses = Counter(answer.status for answer in answers)
            if statuses != {201: 1, 409: CALLERS - 1}:
                wrong.append(dict(statuses))
            await bench.clean()
    return waits, wrong


async def _round(
    connections: list[Connection], slot: Slot, callers: list[Caller]
) -> tuple[list[float], list[Answer]]:
    requests = [calls.hold(slot, caller, VISIT) for caller in callers]
    looks = [request("GET", "/api/appointments?limit=1", caller.token) for caller in callers]
    await asyncio.gather(*(c.ask(look) for c, look in zip(connections, looks, strict=True)))
    return await _at_once(connections, requests)


async def _at_once(
    connections: list[Connection], requests: list[bytes]
) -> tuple[list[float], list[Answer]]:
    """How long each waited, in seconds, and what they were answered."""
    waits: list[float] = []
    began = time.perf_counter()

    def arrived(_: object) -> None:
        waits.append(time.perf_counter() - began)

    asked = [c.ask(request) for c, request in zip(connections, requests, strict=True)]
    for answer in asked:
        answer.add_done_callback(arrived)
    answers = await asyncio.gather(*asked)
    await asyncio.sleep(0)
    return waits, answers
