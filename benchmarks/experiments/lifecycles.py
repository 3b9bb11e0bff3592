"""Whole lives: hold, confirm, cancel, caller by caller, until the workflow closes."""

import time

from benchmarks import calls, histories
from benchmarks.bench import Bench
from benchmarks.client import Connection
from benchmarks.figures import Result
from benchmarks.load import work
from benchmarks.world import PLAIN, Caller, Slot
from workflows import workflow_id

NAME = "lifecycles"
ABOUT = "hold, confirm, cancel over HTTP by 32 callers, and the end of each one's workflow"
CALLERS = 32
COUNT = (600, 150)


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    for _ in range(bench.plan.repetitions):
        count = bench.plan.count(*COUNT)
        jobs = list(zip(bench.world.slots(count), bench.world.callers(count), strict=True))
        await bench.clean()
        began = time.time()
        async with bench.connections(CALLERS) as connections:
            lived = await work([_living(connection) for connection in connections], jobs)
        ends = await histories.until_closed(bench.temporal, map(workflow_id, lived.answers))
        result.row("answered").add(per_s=count / lived.seconds, p50_ms=lived.p50 * 1000)
        result.row("workflow closed").add(per_s=count / (max(ends) - began))
    await bench.clean()
    return result


def _living(connection: Connection):
    async def live(pair: tuple[Slot, Caller]) -> str:
        slot, caller = pair
        id = calls.booked_id(await connection.ask(calls.hold(slot, caller, PLAIN)))
        calls.booked_id(await connection.ask(calls.confirm(id, caller)))
        calls.booked_id(await connection.ask(calls.cancel(id, caller)))
        return id

    return live
