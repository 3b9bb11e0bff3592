"""An answer that is the same for everybody: asked for once, and given to all who come meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Caches what `ask` returns for `seconds`. One call of it runs at a time, however many wait; an
    error is raised to all of them, and not cached.
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
        forget_after = 0.0
        try:
            answer = await self._ask()
            forget_after = self._seconds
            return answer
        finally:
            asyncio.get_running_loop().call_later(forget_after, self._forget)

    def _forget(self) -> None:
        self._asked = None
