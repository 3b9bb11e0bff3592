"""A short-lived cache of one value that is the same for all callers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Caches the result of `ask` for `seconds`. At most one call runs at a time. An error is raised
    to all waiting callers and is not cached.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._asked: asyncio.Task[T] | None = None

    async def get(self) -> T:
        if self._asked is None:
            self._asked = asyncio.create_task(self._answer())
        return await asyncio.shield(self._asked)

    async def stop(self) -> None:
        if self._asked:
            self._asked.cancel()

    async def _answer(self) -> T:
        expires_in = 0.0
        try:
            answer = await self._ask()
            expires_in = self._seconds
            return answer
        finally:
            asyncio.get_running_loop().call_later(expires_in, self._expire)

    def _expire(self) -> None:
        self._asked = None
