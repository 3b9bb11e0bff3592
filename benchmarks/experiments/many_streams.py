"""Latency from commit to client with thousands of open streams, each event sent to ten of them; and
whether readers that stop reading slow the others.

Writers and readers share this process; the API is another one, on the same cores.
"""

import asyncio
import contextlib
import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import changes, cpu
from benchmarks.bench import Bench
from benchmarks.figures import Result, Row, Target, percentile
from benchmarks.follower import Follower
from benchmarks.world import Caller

NAME = "many_streams"
ABOUT = "commit to client with thousands of open streams, each event sent to ten"
TOPIC = 10
"""Streams that receive each event."""
SECONDS = (15, 6)
OPENING = 50
"""Streams opened at a time."""
STUCK = 0.05


@dataclass(frozen=True, slots=True)
class Level:
    streams: int
    rate: float
    targets: tuple[Target, ...]


LEVELS = (
    Level(2000, 100.0, (Target("p50_ms", "≤", 3.0),)),
    Level(2000, 1000.0, (Target("p50_ms", "≤", 5.0), Target("p99_ms", "≤", 30.0))),
    Level(5000, 100.0, (Target("p99_ms", "≤", 100.0),)),
)
MOVED = (Target("ratio", "≤", 1.2),)


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    for _ in range(bench.plan.repetitions):
        for level in LEVELS:
            await bench.clean()
            row = result.row(f"{level.streams:,} streams, {level.rate:,.0f}/s", *level.targets)
            await _level(bench, level, row)
        await _with_stuck(bench, result)
    await bench.clean()
    result.note("writers and readers use the same cores as the API")
    result.note("measured from when the writer knows of its commit")
    result.note(
        "stuck: p99 of the others while 1 in 20 does not read, divided by p99 while all read"
    )
    return result


async def _level(bench: Bench, level: Level, row: Row) -> None:
    readers = bench.world.readers(level.streams // TOPIC)
    followers = await _open(bench, readers)
    try:
        row.add(**await _follow(bench, level.rate, readers, followers))
    finally:
        _close(followers)


async def _with_stuck(bench: Bench, result: Result) -> None:
    level = LEVELS[1]
    readers = bench.world.readers(level.streams // TOPIC)
    followers = await _open(bench, readers)
    try:
        all_read = await _follow(bench, level.rate, readers, followers)
        stuck = set(followers[:: round(1 / STUCK)])
        for follower in stuck:
            follower.stall()
        others = [follower for follower in followers if follower not in stuck]
        some_stuck = await _follow(bench, level.rate, readers, others, len(followers))
    finally:
        _close(followers)
    row = result.row(f"{level.streams:,} streams, {level.rate:,.0f}/s, 1 in 20 stuck", *MOVED)
    row.add(**some_stuck, ratio=some_stuck["p99_ms"] / all_read["p99_ms"])


async def _follow(
    bench: Bench,
    rate: float,
    readers: Sequence[Caller],
    followers: Sequence[Follower],
    of: int | None = None,
) -> dict[str, float]:
    """Commits changes at this rate, and measures their delivery to these followers, who are part of
    `of` followers.
    """
    ids = [reader.id for reader in readers]
    await changes.commit(bench.pool, ids, rate, round(rate))  # a second to warm up
    await bench.wait_until_idle()
    for follower in followers:
        follower.forget()
    count = round(rate * bench.plan.count(*SECONDS))
    spent = _cpu(bench)
    with _no_garbage_collection():
        committed = await changes.commit(bench.pool, ids, rate, count)
        wanted = count * TOPIC * len(followers) // (of or len(followers))
        await _arrived(followers, wanted)
    waits = [at - committed[number] for f in followers for number, at in f.arrived]
    return {
        "p50_ms": percentile(waits, 50) * 1000,
        "p99_ms": percentile(waits, 99) * 1000,
        "deliveries": len(waits),
        "lost": wanted - len(waits),
        "api_cpu": (_cpu(bench) - spent) / (count / rate),
    }


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Disables this process's garbage collector, whose pauses of 0.2 s would be measured."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _arrived(followers: Sequence[Follower], wanted: int) -> None:
    """Returns once all events have arrived, or none has for two seconds."""
    seen = -1
    while seen < (now := sum(f.events for f in followers)) < wanted:
        seen = now
        await asyncio.sleep(2)


async def _open(bench: Bench, readers: Sequence[Caller]) -> list[Follower]:
    opened: list[Follower] = []
    for some in _some(readers):
        followers = await asyncio.gather(
            *(
                Follower.open(bench.system.port, reader.token, "?topics=appointments")
                for reader in some
            )
        )
        await asyncio.gather(*(follower.ready() for follower in followers))
        opened += followers
    await bench.wait_until_idle()
    return opened


def _some(readers: Sequence[Caller]) -> Iterator[list[Caller]]:
    each = [reader for reader in readers for _ in range(TOPIC)]
    for first in range(0, len(each), OPENING):
        yield each[first : first + OPENING]


def _close(followers: Sequence[Follower]) -> None:
    for follower in followers:
        follower.close()


def _cpu(bench: Bench) -> float:
    return cpu.used(bench.system.pids)["api"]
