"""CPU seconds by part, from /proc: what a booking costs, and where."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
CALM = 0.12
"""CPU seconds per second of all parts together, below which nothing is going on."""


def used(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of each process so far, with all its descendants; nothing without /proc."""
    own, children = _table()
    return {name: _sum(pid, own, children) for name, pid in pids.items() if pid in own}


def since(before: Mapping[str, float], pids: Mapping[str, int]) -> dict[str, float]:
    return {name: value - before[name] for name, value in used(pids).items() if name in before}


async def calm(pids: Mapping[str, int], seconds: float = 20, look: float = 0.4) -> bool:
    """Waits until these processes have next to nothing to do; false if they still have."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = used(pids)
        await asyncio.sleep(look)
        if sum(since(before, pids).values()) < CALM * look:
            return True
    return False


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    _, children = _table()
    found = [pid]
    for member in found:
        found += children.get(member, ())
    return found


def _sum(pid: int, own: Mapping[int, float], children: Mapping[int, list[int]]) -> float:
    return own.get(pid, 0.0) + sum(_sum(child, own, children) for child in children.get(pid, ()))


def _table() -> tuple[dict[int, float], dict[int, list[int]]]:
    """The CPU seconds of each process, those of its dead children included, and who its living
    children are.
    """
    own: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        pid, parent = int(entry.parent.name), int(fields[1])
        own[pid] = sum(map(int, fields[11:15])) / TICK
        children.setdefault(parent, []).append(pid)
    return own, children
