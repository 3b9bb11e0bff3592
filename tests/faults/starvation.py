"""Notes when the APIs, or the callers themselves, wait for a CPU.

On a machine with more work than CPUs a process can get a tenth of one; it then takes seconds for
what takes it milliseconds alone, and no time-out of its own can change that. Seen with a load of 25
on two CPUs: an API that did not run for 2.7 s. Such a time explains a request without an answer,
like a SIGSTOP; the report counts both.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.faults.history import NO_CPU, Silence

EVERY = 0.5
SHARE = 0.5
"""Of a time that counts as starved, spent waiting for a CPU."""


class Starvation:
    """The time that the first thread of a process, which runs its event loop, waits for a CPU."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, float]] = {}
        """By pid: when it was last looked at, and the seconds of waiting until then."""

    def since_last(self, pid: int, now: float) -> tuple[float, float] | None:
        """A time in which it mostly waited; null if there was none, or it cannot be known."""
        waited = _waited(pid)
        if waited is None:
            return None
        at, before = self._known.get(pid, (now, waited))
        self._known[pid] = now, waited
        elapsed, delay = now - at, waited - before
        if not elapsed or delay < SHARE * elapsed:
            return None
        # a wait is counted when it ends, so it may have begun before the last look
        return now - max(elapsed, delay), now


async def watch(pids: Callable[[], Mapping[str, int]], silences: list[Silence]) -> None:
    """Looks until cancelled. `pids`: of the servers that run at that moment, by name."""
    starvation = Starvation()
    while True:
        now = time.time()
        own = starvation.since_last(os.getpid(), now)
        for name, pid in pids().items():
            for starved in (own, starvation.since_last(pid, now)):
                if starved:
                    silences.append(Silence(name, *starved, NO_CPU))
        await asyncio.sleep(EVERY)


def _waited(pid: int) -> float | None:
    """Seconds that it has waited for a CPU so far; Linux counts them."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None
