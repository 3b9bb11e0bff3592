"""CPU seconds by part, from /proc."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
IDLE = 0.12
"""CPU seconds per second of all parts together, below which they count as idle."""


def used(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of each process so far, with all its descendants; empty without /proc."""
    own, children = _table()
    return {name: _sum(pid, own, children) for name, pid in pids.items() if pid in own}


def since(before: Mapping[str, float], pids: Mapping[str, int]) -> dict[str, float]:
    return {name: value - before[name] for name, value in used(pids).items() if name in before}


async def wait_until_idle(
    pids: Mapping[str, int], seconds: float = 20, interval: float = 0.4
) -> bool:
    """Waits until these processes are idle; false if they are not within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = used(pids)
        await asyncio.sleep(interval)
        if sum(since(before, pids).values()) < IDLE * interval:
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
    """The CPU seconds of each process, with those of its ended children, and its running
    children.
    """
    own: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        pid, parent = int(entry.parent.name), int(fields[1])
        own[pid] = sum(map(int, fields[11:15])) / TICK
        children.setdefault(parent, []).append(pid)
    return own, children
