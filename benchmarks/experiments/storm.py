"""200 patients ask for one slot at the same instant: one gets it, and how long all of them wait.

At Chairtime each of them has listed their appointments just before, as a client would.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from benchmarks import calls, peer
from benchmarks.bench import Bench
from benchmarks.client import Answer, Connection, request
from benchmarks.figures import Result, Row, Target, percentile
from benchmarks.world import VISIT

NAME = "storm"
ABOUT = "200 callers for one slot at the same instant, over HTTP"
CALLERS = 200
ROUNDS = (10, 4)
ONE_WINNER = {201: 1, 409: CALLERS - 1}


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    row = result.row("Chairtime", Target("wrong_rounds", "≤", 0))
    for _ in range(bench.plan.repetitions):
        await _ours(bench, row, result)
        if bench.peer:
            await _peer(bench, bench.peer, result.row("peer"), result)
    await bench.clean()
    result.note("wrong rounds: those without exactly one 201 and 199 times 409")
    return result


async def _ours(bench: Bench, row: Row, result: Result) -> None:
    waits: list[float] = []
    answers: list[list[Answer]] = []
    callers = bench.world.patients
    lists = [request("GET", "/api/appointments?limit=1", caller.token) for caller in callers]
    async with bench.connections(CALLERS) as connections:
        for slot in bench.world.slots(bench.plan.count(*ROUNDS) + 1):
            await bench.clean()
            await _at_once(connections, lists)
            holds = [calls.hold(slot, caller, None, VISIT) for caller in callers]
            took, answered = await _at_once(connections, holds)
            waits += took
            answers.append(answered)
    _add(row, result, waits, answers)


async def _peer(bench: Bench, running: peer.Peer, row: Row, result: Result) -> None:
    waits: list[float] = []
    answers: list[list[Answer]] = []
    practice = await peer.practice(running)
    async with bench.connections(CALLERS, running.port) as connections:
        for slot in bench.world.slots(bench.plan.count(*ROUNDS) + 1):
            holds = [practice.hold(slot, caller) for caller in bench.world.patients]
            took, answered = await _at_once(connections, holds)
            waits += took
            answers.append(answered)
    _add(row, result, waits, answers)


def _add(row: Row, result: Result, waits: list[float], answers: list[list[Answer]]) -> None:
    """The first round is a warm-up."""
    statuses = [Counter(answer.status for answer in answered) for answered in answers]
    wrong = [dict(counted) for counted in statuses if counted != ONE_WINNER]
    counted = waits[CALLERS:]
    row.add(
        p50_ms=percentile(counted, 50) * 1000,
        p99_ms=percentile(counted, 99) * 1000,
        wrong_rounds=len(wrong),
    )
    if wrong:
        result.note(f"{row.what}: statuses of wrong rounds: {wrong}")


async def _at_once(
    connections: Sequence[Connection], requests: Sequence[bytes]
) -> tuple[list[float], list[Answer]]:
    """How long each waited, in seconds, and the answers."""
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
