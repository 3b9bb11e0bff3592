"""When commands pause: whoever waits for an answer goes first, what follows comes after."""

import asyncio
import time
from collections.abc import Awaitable, Callable

BREATH = 0.05
"""Seconds that are waited in any case: what is committed meanwhile goes together."""

QUIET = 0.03
"""Seconds without news that are a pause; under load there is some every 5 to 20 ms."""

PATIENCE = 0.5
"""Seconds that commands may wait while others keep coming: workflows follow within a second."""


class Lull:
    """Where Temporal shares a machine with the API, a booking's workflow takes several times the
    processor time of its caller's answer: a rush would wait until those before it are followed.
    """

    def __init__(
        self,
        *,
        quiet: float = QUIET,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._quiet = quiet
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._heard: float | None = None
        self._since: float | None = None
        """When something came that may wait still, at the earliest."""

    def heard(self) -> None:
        """Says that there may be another command."""
        self._heard = self._clock()
        if self._since is None:
            self._since = self._heard

    def looked(self, at: float, more: bool) -> None:
        """Says how a look ended that began then: whether it left anything that had come before."""
        if more:
            self._since = at if self._since is None else min(at, self._since)
        else:
            self._since = at if self._heard is not None and self._heard > at else None

    async def wait(self) -> float:
        """Returns in a pause, or after PATIENCE with something that may wait since; from then on
        after a BREATH, until a look leaves nothing. Returns the time.
        """
        since = self._clock() if self._since is None else self._since
        await self._sleep(BREATH)
        while True:
            now = self._clock()
            rest = min((self._heard or 0.0) + self._quiet, since + self._patience) - now
            if self._heard is None or rest <= 0:
                return now
            await self._sleep(rest)
