"""The cache of a process: answers by key, each kept for a fixed time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Keeps each value for `seconds`, and at most `most` of them; the oldest go first."""

    def __init__(self, seconds: float, most: int = 20_000) -> None:
        self._seconds = seconds
        self._most = most
        self._values: dict[K, tuple[V, float]] = {}
        self._reads: dict[K, asyncio.Task[V]] = {}

    def peek(self, key: K) -> V | None:
        """The cached value; null if there is none."""
        value, until = self._values.get(key, (None, 0.0))
        return value if until > time.monotonic() else None

    def put(self, key: K, value: V) -> None:
        self._values.pop(key, None)
        while len(self._values) >= self._most:
            del self._values[next(iter(self._values))]
        self._values[key] = value, time.monotonic() + self._seconds

    def drop(self, key: K) -> None:
        """Forgets the value. What is being read now is not kept either."""
        self._values.pop(key, None)
        self._reads.pop(key, None)

    def clear(self) -> None:
        """Forgets all values, as `drop` does."""
        self._values.clear()
        self._reads.clear()

    async def get(self, key: K, read: Callable[[], Awaitable[V]]) -> V:
        """The cached value, or what `read` returns. Concurrent callers share one read, which
        continues if one of them is cancelled. An error is raised to all of them; errors and null
        are not kept.
        """
        if (found := self.peek(key)) is not None:
            return found
        if key not in self._reads:
            task = asyncio.create_task(self._read(key, read))
            self._reads[key] = task
            task.add_done_callback(_ignore_error)
        return await asyncio.shield(self._reads[key])

    async def _read(self, key: K, read: Callable[[], Awaitable[V]]) -> V:
        task = asyncio.current_task()
        kept = False
        try:
            value = await read()
            kept = value is not None and self._reads.get(key) is task
        finally:
            if self._reads.get(key) is task:
                del self._reads[key]
        if kept:
            self.put(key, value)
        return value


def _ignore_error(task: "asyncio.Task[V]") -> None:
    """An error was raised to those who waited; asyncio need not log it where nobody waits."""
    if not task.cancelled():
        task.exception()
