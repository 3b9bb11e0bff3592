"""A load that lasts: bookings in a closed loop for 30 seconds, and how far workflows fall behind.

Each caller holds a slot and confirms it, again and again. Afterwards nothing is sent until every
workflow has caught up: until the end of the workflow task that read the booking as confirmed. The
baseline is an INSERT behind the same application; the peer gets the same load from the same client.
Baseline, ours and peer take turns, so that a busy machine slows all of them.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from uuid_utils.compat import uuid7

from benchmarks import calls, cpu, histories, peer
from benchmarks.bench import Bench
from benchmarks.client import Answer, Connection
from benchmarks.figures import Result, percentile
from benchmarks.world import Caller, Slot
from workflows import workflow_id

NAME = "sustained"
ABOUT = "hold and confirm over HTTP for 30 s, and the workflows that follow"
SECONDS = (30, 5)
BASELINE_SECONDS = (10, 2)
SAMPLE = 300
"""Number of workflows whose histories are read: the last bookings of a run, and others."""


@dataclass(frozen=True, slots=True)
class Level:
    callers: int
    keys: bool = False
    """Whether each request has an Idempotency-Key."""

    def __str__(self) -> str:
        return _callers(self.callers) + (", keys" if self.keys else "")


LEVELS = (Level(1), Level(8), Level(8, keys=True), Level(32))


class BookingApi(Protocol):
    """The requests of one of the measured systems."""

    def hold(self, slot: Slot, caller: Caller, key: str | None = None, /) -> bytes: ...

    def confirm(self, id: str, caller: Caller, key: str | None = None, /) -> bytes: ...

    def booked_id(self, answer: Answer, /) -> str: ...


@dataclass
class Load:
    """One run: its latencies in seconds."""

    level: Level
    api: BookingApi
    pairs: Iterator[tuple[Slot, Caller]]
    """Shared by all callers; ends when the time is over."""
    began: float = field(default_factory=time.time)
    answered: float = 0.0
    holds: list[float] = field(default_factory=list)
    confirms: list[float] = field(default_factory=list)
    bookings: list[str] = field(default_factory=list)
    """Ids, in the order of their confirmation."""

    def figures(self) -> dict[str, float]:
        return {
            **_times("hold", self.holds),
            **_times("confirm", self.confirms),
            "bookings_per_s": len(self.bookings) / (self.answered - self.began),
        }


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    for _ in range(bench.plan.repetitions):
        for level in LEVELS:
            await _baseline(bench, result, level)
            await _ours(bench, result, level)
            if bench.peer:
                await _peer(bench, bench.peer, result, level)
    result.note("caught up: until the last workflow has read its booking as confirmed")
    result.note("CPU: ms per booking without what the idle system uses; with all that follows")
    if not bench.peer:
        result.note("peer: not measured, as no --peer was given (see benchmarks/peer.py)")
    return result


async def _baseline(bench: Bench, result: Result, level: Level) -> None:
    await bench.clean()
    took: list[float] = []
    pairs = _pairs(bench, bench.plan.count(*BASELINE_SECONDS))

    async def insert(connection: Connection) -> None:
        for slot, caller in pairs:
            began = time.perf_counter()
            calls.booked_id(await connection.ask(calls.insert(slot, caller)))
            took.append(time.perf_counter() - began)

    async with bench.connections(level.callers) as connections:
        await asyncio.gather(*map(insert, connections))
    result.row(f"baseline INSERT, {_callers(level.callers)}").add(**_times("insert", took))


async def _ours(bench: Bench, result: Result, level: Level) -> None:
    await bench.clean()
    pids = bench.system.pids
    idle, used = await _idle(pids), cpu.used(pids)
    load = await _run(bench, level, calls, bench.system.port)
    waiting = await bench.admin.fetchval("select count(*) from workflow_inbox")
    emptied = await _until_empty(bench)
    followed = await _until_followed(bench, load.bookings)

    result.row(f"Chairtime, {level}").add(**load.figures())
    result.row(f"workflows, {level}").add(
        rows_waiting_at_end=waiting,
        inbox_empty_after_s=emptied - load.answered,
        caught_up_after_s=followed - load.answered,
        followed_per_s=len(load.bookings) / (followed - load.began),
    )
    spent = _cpu(load, idle, cpu.since(used, pids))
    result.row(f"Chairtime CPU, {level}").add(**spent, all_ms=sum(spent.values()))


async def _peer(bench: Bench, running: peer.Peer, result: Result, level: Level) -> None:
    await bench.clean()
    practice = await peer.practice(running)
    idle, used = await _idle(running.pids), cpu.used(running.pids)
    load = await _run(bench, level, practice, running.port)
    spent = _cpu(load, idle, cpu.since(used, running.pids))
    result.row(f"peer, {level}").add(**load.figures())
    result.row(f"peer CPU, {level}").add(**spent, all_ms=sum(spent.values()))


async def _run(bench: Bench, level: Level, api: BookingApi, port: int) -> Load:
    load = Load(level, api, _pairs(bench, bench.plan.count(*SECONDS)))
    async with bench.connections(level.callers, port) as connections:
        await asyncio.gather(*(_book(connection, load) for connection in connections))
    load.answered = time.time()
    return load


async def _book(connection: Connection, load: Load) -> None:
    api = load.api
    for slot, caller in load.pairs:
        keys = [str(uuid7()), str(uuid7())] if load.level.keys else [None, None]
        began = time.perf_counter()
        id = api.booked_id(await connection.ask(api.hold(slot, caller, keys[0])))
        held = time.perf_counter()
        api.booked_id(await connection.ask(api.confirm(id, caller, keys[1])))
        load.holds.append(held - began)
        load.confirms.append(time.perf_counter() - held)
        load.bookings.append(id)


def _pairs(bench: Bench, seconds: float) -> Iterator[tuple[Slot, Caller]]:
    """Slots and callers until the time is over."""
    deadline = time.monotonic() + seconds
    endless = ((bench.world.slots(1)[0], bench.world.callers(1)[0]) for _ in itertools.count())
    return itertools.takewhile(lambda _: time.monotonic() < deadline, endless)


async def _idle(pids: Mapping[str, int], seconds: float = 2.0) -> dict[str, float]:
    """CPU seconds per second of each part without load."""
    before = cpu.used(pids)
    await asyncio.sleep(seconds)
    return {name: used / seconds for name, used in cpu.since(before, pids).items()}


def _cpu(load: Load, idle: Mapping[str, float], used: Mapping[str, float]) -> dict[str, float]:
    """CPU milliseconds per booking of each part, from the start of the load until now."""
    took, count = time.time() - load.began, len(load.bookings)
    return {f"{part}_ms": (used[part] - idle[part] * took) / count * 1000 for part in used}


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


def _callers(number: int) -> str:
    return "1 caller" if number == 1 else f"{number} callers"
