"""A load that lasts: bookings in a closed loop for 30 seconds, and how far workflows fall behind.

Each caller holds a slot and confirms it, again and again. Afterwards nothing is sent until every
workflow has caught up: until the end of the workflow task that read the booking as it was
confirmed. The baseline is an INSERT behind the same application, in the same run.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from benchmarks import calls, cpu, histories
from benchmarks.bench import Bench
from benchmarks.client import Connection
from benchmarks.figures import Result, percentile
from benchmarks.world import PLAIN, Caller, Slot
from workflows import workflow_id

NAME = "sustained"
ABOUT = "hold and confirm over HTTP for 30 s, and the workflows that follow"
CALLERS = (1, 8, 32)
SECONDS = (30, 5)
BASELINE_SECONDS = (10, 2)
SAMPLE = 300
"""Workflows whose histories are read: the last bookings of a run, and others."""

J = TypeVar("J")


@dataclass
class Load:
    """What the callers of one run measured, in seconds."""

    holds: list[float] = field(default_factory=list)
    confirms: list[float] = field(default_factory=list)
    bookings: list[str] = field(default_factory=list)
    """Ids, in the order of their confirmation."""


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    for _ in range(bench.plan.repetitions):
        for callers in CALLERS:
            await _baseline(bench, result, callers)
            await _load(bench, result, callers)
    result.note("followed_per_s: bookings until the last workflow had read its confirmed booking")
    result.note("cpu: milliseconds per booking, what follows the answers included")
    return result


async def _baseline(bench: Bench, result: Result, callers: int) -> None:
    await bench.clean()
    took: list[float] = []
    pairs = _pairs(bench, bench.plan.count(*BASELINE_SECONDS))

    async def insert(connection: Connection) -> None:
        for slot, caller in pairs:
            took.append(await _timed(connection, calls.insert(slot, caller)))

    async with bench.connections(callers) as connections:
        await asyncio.gather(*map(insert, connections))
    result.row(f"INSERT behind the API, {callers}").add(**_times("insert", took))


async def _load(bench: Bench, result: Result, callers: int) -> None:
    await bench.clean()
    seconds, pids = bench.plan.count(*SECONDS), bench.system.pids
    idle = await _idle(pids)
    load, used, began = Load(), cpu.used(pids), time.time()
    pairs = _pairs(bench, seconds)
    async with bench.connections(callers) as connections:
        await asyncio.gather(*(_book(connection, pairs, load) for connection in connections))
    answered = time.time()
    waiting = await bench.admin.fetchval("select count(*) from workflow_inbox")
    emptied = await _until_empty(bench)
    followed = await _until_followed(bench, load.bookings)

    took, count = time.time() - began, len(load.bookings)
    spent = {name: value - idle[name] * took for name, value in cpu.since(used, pids).items()}
    each = {f"{name}_cpu_ms": value / count * 1000 for name, value in spent.items()}
    result.row(f"hold and confirm, {callers}").add(
        **_times("hold", load.holds),
        **_times("confirm", load.confirms),
        per_s=count / (answered - began),
    )
    result.row(f"workflows, {callers}").add(
        rows_waiting=waiting,
        inbox_empty_s=emptied - answered,
        caught_up_s=followed - answered,
        followed_per_s=count / (followed - began),
    )
    result.row(f"cpu, {callers}").add(**each)


async def _book(connection: Connection, pairs: Iterator[tuple[Slot, Caller]], load: Load) -> None:
    for slot, caller in pairs:
        began = time.perf_counter()
        id = calls.booked_id(await connection.ask(calls.hold(slot, caller, PLAIN)))
        held = time.perf_counter()
        calls.booked_id(await connection.ask(calls.confirm(id, caller)))
        load.holds.append(held - began)
        load.confirms.append(time.perf_counter() - held)
        load.bookings.append(id)


async def _timed(connection: Connection, request: bytes) -> float:
    began = time.perf_counter()
    calls.booked_id(await connection.ask(request))
    return time.perf_counter() - began


def _pairs(bench: Bench, seconds: float) -> Iterator[tuple[Slot, Caller]]:
    """Slots and callers for as long as the time lasts; shared by all who take from it."""
    deadline = time.monotonic() + seconds
    endless = ((bench.world.slots(1)[0], bench.world.callers(1)[0]) for _ in itertools.count())
    return itertools.takewhile(lambda _: time.monotonic() < deadline, endless)


async def _idle(pids: dict[str, int], seconds: float = 2.0) -> dict[str, float]:
    """CPU seconds per second of each part while nothing is asked of it."""
    before = cpu.used(pids)
    await asyncio.sleep(seconds)
    return {name: used / seconds for name, used in cpu.since(before, pids).items()}


async def _until_empty(bench: Bench) -> float:
    query = "select exists (select from workflow_inbox)"
    while await bench.admin.fetchval(query):  # noqa: ASYNC110 - the event is in Postgres
        await asyncio.sleep(0.2)
    return time.time()


async def _until_followed(bench: Bench, bookings: list[str]) -> float:
    """When the last of the sampled workflows had read its booking as confirmed."""
    step = max(1, len(bookings) // (SAMPLE // 2))
    sample = {*bookings[-SAMPLE // 2 :], *bookings[::step]}
    return max(await histories.until_caught_up(bench.temporal, map(workflow_id, sample)))


def _times(what: str, took: Iterable[float]) -> dict[str, float]:
    values = list(took)
    return {f"{what}_p{q}_ms": percentile(values, q) * 1000 for q in (50, 99)}
