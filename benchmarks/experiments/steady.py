"""The highest rate of bookings that their workflows follow, and what a booking costs.

Bookings arrive at a constant rate, however slow the answers are: a hold, and its confirm a second
later. The workflow follows if 99 of 100 commands are carried out by it within a second of their
being sent, by its own history. Baseline (b) is judged alike: by the ends of its activity and of its
update.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks import cpu
from benchmarks.bench import Bench
from benchmarks.contestants import Contestant, Ours, Textbook
from benchmarks.figures import Result, Row, Target, percentile
from benchmarks.load import arrivals

NAME = "steady"
ABOUT = "the highest steady rate of bookings that workflows follow within 1 s at p99"
WITHIN = 1.0
RATIO = 1.6
SECONDS = (12, 6)
STEP = 1.2
LOWEST = 2.0
FIRST_RATES = (40.0, 24.0)
COST_RATE = 15.0
"""Bookings per second, which both follow with ease."""


@dataclass
class Ladder:
    """Searches the highest rate at which `follows` holds, from the last one found."""

    follows: Callable[[float], Awaitable[bool]]
    rate: float
    tried: dict[float, bool] = field(default_factory=dict)

    async def climb(self) -> float:
        """The highest of rates STEP apart, then tried once more half-way to the next one."""
        self.tried.clear()
        good, bad = 0.0, math.inf
        while not good or bad == math.inf:
            if self.rate < LOWEST:
                return 0.0
            if await self._try(self.rate):
                good, self.rate = self.rate, self.rate * STEP
            else:
                bad, self.rate = self.rate, self.rate / STEP
            if good and bad < math.inf:
                break
        between = math.sqrt(good * bad)
        self.rate = between if await self._try(between) else good
        return self.rate

    async def _try(self, rate: float) -> bool:
        self.tried[rate] = await self.follows(rate)
        return self.tried[rate]


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    ours, textbook = Ours(bench), Textbook(bench)
    for contestant in (ours, textbook):  # warm-up
        await _lags(bench, contestant, 5.0, 2)
    for contestant in (ours, textbook):
        await _cost(bench, contestant, result.row(f"CPU ms per booking, {contestant.name}"))

    row = result.row("bookings per second", Target("ratio", "≥", RATIO))
    ladders = [
        Ladder(lambda rate, who=who: _follows(bench, who, rate, result), first)
        for who, first in zip((ours, textbook), FIRST_RATES, strict=True)
    ]
    for _ in range(bench.plan.repetitions):
        highest, baseline = [await ladder.climb() for ladder in ladders]
        row.add(ours=highest, textbook=baseline, ratio=highest / (baseline or math.nan))
    result.note(f"CPU: at {COST_RATE:g} bookings per second, without what is used when idle")
    result.note("p99_ms: of the command's way from its sender to the workflow that carried it out")
    return result


async def _follows(bench: Bench, who: Contestant, rate: float, result: Result) -> bool:
    lags = await _lags(bench, who, rate, bench.plan.count(*SECONDS))
    p50, p99 = percentile(lags, 50), percentile(lags, 99)
    row = result.row(f"{who.name} at {rate:.1f}/s")
    row.add(p50_ms=p50 * 1000, p99_ms=p99 * 1000)
    return p99 <= WITHIN


async def _lags(bench: Bench, who: Contestant, rate: float, seconds: int) -> list[float]:
    """Seconds from sending each hold and each confirm until its workflow had carried it out;
    infinite where it did not.
    """
    count = max(1, int(rate * seconds))
    pairs = list(zip(bench.world.slots(count), bench.world.callers(count), strict=True))
    await who.open()
    booked = await arrivals(rate, pairs, who.book)
    await asyncio.sleep(WITHIN)
    lags = await who.lags([b for b in booked if not isinstance(b, BaseException)])
    failed = sum(isinstance(b, BaseException) for b in booked)
    await who.close()
    await bench.clean()
    return lags + [math.inf] * 2 * failed


async def _cost(bench: Bench, who: Contestant, row: Row) -> None:
    """CPU milliseconds per booking by part."""
    seconds, pids = bench.plan.count(*SECONDS), bench.system.pids
    idle, began = cpu.used(pids), time.monotonic()
    await asyncio.sleep(seconds / 3)
    idle = {name: used / (seconds / 3) for name, used in cpu.since(idle, pids).items()}

    count = int(COST_RATE * seconds)
    pairs = list(zip(bench.world.slots(count), bench.world.callers(count), strict=True))
    await who.open()
    before, began = cpu.used(pids), time.monotonic()
    await arrivals(COST_RATE, pairs, who.book)
    await bench.calm()
    took = time.monotonic() - began
    spent = {name: used - idle[name] * took for name, used in cpu.since(before, pids).items()}
    each = {name: used / count * 1000 for name, used in spent.items() if name in who.parts}
    row.add(**each, all=sum(each.values()))
    await who.close()
    await bench.clean()
