"""Load: closed (a number of callers, each waiting for its answer) or open (a rate of arrivals)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from benchmarks import cpu
from benchmarks.figures import percentile

J = TypeVar("J")
R = TypeVar("R")

WARM_UP = (20, 5)
"""Jobs of the warm-up: a number, and a number per caller."""


@dataclass
class Measured(Generic[R]):
    """Latencies in seconds and answers of the jobs, in the order of completion."""

    latencies: list[float] = field(default_factory=list)
    answers: list[R] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)
    """CPU seconds per job of each part, if parts were given."""
    seconds: float = 0.0

    @property
    def p50(self) -> float:
        return percentile(self.latencies, 50)

    def figures(self) -> dict[str, float]:
        return {
            "p10_ms": percentile(self.latencies, 10) * 1000,
            "p50_ms": self.p50 * 1000,
            "p99_ms": percentile(self.latencies, 99) * 1000,
            "per_s": len(self.latencies) / self.seconds,
        }


async def closed(
    callers: Sequence[Callable[[J], Awaitable[R]]],
    jobs: Sequence[J],
    pids: Mapping[str, int] | None = None,
) -> Measured[R]:
    """Each caller takes the next job as soon as it has its answer. The first jobs (at most half)
    are a warm-up.
    """
    warm_up = min(WARM_UP[0] + WARM_UP[1] * len(callers), len(jobs) // 2)
    await work(callers, jobs[:warm_up])
    before = cpu.used(pids or {})
    measured = await work(callers, jobs[warm_up:])
    spent = cpu.since(before, pids or {})
    measured.cpu = {name: used / len(measured.latencies) for name, used in spent.items()}
    return measured


async def work(callers: Sequence[Callable[[J], Awaitable[R]]], jobs: Iterable[J]) -> Measured[R]:
    """Each caller takes the next job as soon as it has its answer."""
    measured: Measured[R] = Measured()
    waiting, clock = iter(jobs), time.perf_counter

    async def take(call: Callable[[J], Awaitable[R]]) -> None:
        for job in waiting:
            began = clock()
            answer = await call(job)
            measured.latencies.append(clock() - began)
            measured.answers.append(answer)

    began = clock()
    await asyncio.gather(*map(take, callers))
    measured.seconds = clock() - began
    return measured


async def arrivals(
    rate: float, jobs: Sequence[J], act: Callable[[J], Coroutine[Any, Any, R]]
) -> list[R | BaseException]:
    """Starts a job every 1/rate seconds, however long the others take. Returns their results."""
    loop = asyncio.get_running_loop()
    began, tasks = loop.time(), []
    for number, job in enumerate(jobs):
        await asyncio.sleep(began + number / rate - loop.time())
        tasks.append(loop.create_task(act(job)))
    return await asyncio.gather(*tasks, return_exceptions=True)
