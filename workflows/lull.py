"""When the dispatcher goes on: whoever waits for an answer goes first, what follows comes after."""

import asyncio
import time
from collections.abc import Awaitable, Callable

BREATH = 0.05
"""Seconds that are waited in any case: what is committed meanwhile goes together."""

RUSH = 15
"""Events within a BREATH that are a rush. A hold has two of them, a busy caller makes 25 and more;
workflows that share two cores with everything else follow 10 of them, for as long as one likes.
"""

PATIENCE = 0.5
"""Seconds that commands may wait in a rush: workflows follow within a second."""


class Lull:
    """Where Temporal shares a machine with the API, a booking's workflow takes several times the
    processor time of its caller's answer: a rush would wait until those before it are followed.
    """

    def __init__(
        self,
        *,
        rush: int = RUSH,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rush = rush
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self.events = 0
        """How many were heard of."""
        self._heard = 0.0
        self._since: float | None = None
        """When something came that may wait still, at the earliest."""

    def heard(self, events: int = 1) -> None:
        """Says that there may be other commands, with so many events."""
        self.events += events
        self._heard = self._clock()
        if self._since is None:
            self._since = self._heard

    def looked(self, at: float, more: bool) -> None:
        """Says how a look ended that began then: whether it left anything that had come before."""
        if more:
            self._since = at if self._since is None else min(at, self._since)
        else:
            self._since = at if self._heard > at else None

    async def wait(self) -> float:
        """Returns after a BREATH that was no rush, or when something may have waited for PATIENCE;
        from then on after each BREATH, until a look leaves nothing. Returns the time.
        """
        while True:
            before = self.events
            await self._sleep(BREATH)
            now = self._clock()
            waited = 0.0 if self._since is None else now - self._since
            if self.events - before < self._rush or waited >= self._patience:
                return now
