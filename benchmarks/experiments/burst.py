"""A thousand holds at once from 32 callers, a fifth for slots that another one asks for too.

Right is: each slot is held once, every other request for it is refused, and in the end each hold
has its workflow, which has looked at it.
"""

import random
import time
from collections import Counter

from benchmarks import calls, histories
from benchmarks.bench import Bench
from benchmarks.client import Answer
from benchmarks.figures import Result, Target
from benchmarks.load import Measured, work
from benchmarks.world import VISIT
from workflows import workflow_id

NAME = "burst"
ABOUT = "1,000 holds at 32 callers, 200 of them for a slot that another one asks for"
CALLERS = 32
HOLDS, SLOTS = 1000, 800


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    for _ in range(bench.plan.repetitions):
        await bench.clean()
        began = time.time()
        burst = await _burst(bench)
        answered = time.time()
        ids = [calls.booked_id(answer) for answer in burst.answers if answer.status == 201]
        looks = await histories.until_looked(bench.temporal, map(workflow_id, ids))

        wrong = await _wrong(bench, result, burst, ids)
        result.row("answered").add(**burst.figures(), seconds=answered - began)
        result.row("wrongly answered or stored", Target("count", "≤", 0)).add(count=wrong)
        missing = sum(look is None for look in looks)
        result.row("holds without a workflow", Target("count", "≤", 0)).add(count=missing)
        drained = max(look for look in looks if look)
        result.row("drained after the last answer").add(seconds=drained - answered)
        result.row("workflows").add(per_s=len(ids) / (drained - began))
    await bench.clean()
    return result


async def _burst(bench: Bench) -> Measured[Answer]:
    slots = bench.world.slots(SLOTS)
    wanted = slots + random.Random(5).sample(slots, HOLDS - SLOTS)
    random.Random(6).shuffle(wanted)
    pairs = zip(wanted, bench.world.callers(HOLDS), strict=True)
    requests = [calls.hold(slot, caller, VISIT) for slot, caller in pairs]
    async with bench.connections(CALLERS) as connections:
        return await work([connection.ask for connection in connections], requests)


async def _wrong(bench: Bench, result: Result, burst: Measured[Answer], ids: list[str]) -> int:
    """Answers and rows that should not be: a slot sold not at all or twice, a refusal for another
    reason than that, a hold that is not stored.
    """
    refused = [answer.json()["code"] for answer in burst.answers if answer.status != 201]
    wrongly = [code for code in refused if code != "slot_unavailable"]
    if wrongly:
        result.note(f"wrongly refused: {dict(Counter(wrongly))}")
    stored = await bench.admin.fetchval(
        "select count(distinct (dentist_id, starts_at)) from appointments"
        " where id = any($1::uuid[]) and status = 'held'",
        ids,
    )
    return len(wrongly) + abs(SLOTS - len(ids)) + abs(SLOTS - stored)
