"""When commands pause: whoever waits for an answer goes first, what follows comes after."""

import asyncio

BREATH = 0.05
"""Seconds that are waited in any case: what is committed meanwhile goes together."""

QUIET = 0.03
"""Seconds without news of a command that are a pause; under load it comes every 5 to 20 ms."""

PATIENCE = 0.5
"""Seconds that commands may wait while others keep coming: workflows follow within a second."""


class Lull:
    """Where Temporal shares a machine with the API, a booking's workflow takes several times the
    processor time of its caller's answer: a rush would wait until those before it are followed.
    """

    def __init__(self, *, quiet: float = QUIET, patience: float = PATIENCE) -> None:
        self._quiet = quiet
        self._patience = patience
        self._time = asyncio.get_running_loop().time
        self._heard: float | None = None
        self._since: float | None = None

    def heard(self) -> None:
        """Says that there was a command."""
        self._heard = self._time()
        if self._since is None:
            self._since = self._heard

    def emptied(self, looked: float) -> None:
        """Says that nothing is left of what had come before then (by the loop's clock)."""
        later = self._heard is not None and self._heard > looked
        self._since = looked if later else None

    async def wait(self) -> None:
        """Returns in a pause. Where something has waited for PATIENCE, returns after a BREATH,
        until it is said that nothing is left.
        """
        began = self._time() if self._since is None else self._since
        await asyncio.sleep(BREATH)
        while self._heard is not None:
            now = self._time()
            pause = self._heard + self._quiet - now
            if pause <= 0 or now - began >= self._patience:
                return
            await asyncio.sleep(min(pause, began + self._patience - now))
