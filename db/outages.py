"""Logs an outage in a few lines, however many calls fail."""

import logging
import time
from collections.abc import Callable

REPEAT_AFTER = 60.0
"""Seconds after which an outage that lasts is logged again."""


class OutageLog:
    """Logs the first failed call, then one line per REPEAT_AFTER with the number of calls that
    failed, and one line when a call succeeds again. A service that fails now and then gets no more
    lines than one that is down.
    """

    def __init__(
        self, logger: logging.Logger, what: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`what` is the fault, such as `the database is unavailable`."""
        self._logger = logger
        self._what = what
        self._clock = clock
        self._failures = 0
        """Failed calls since the last line."""
        self._logged_at = float("-inf")
        self._open = False
        """Whether the last line says that the outage goes on."""

    def failed(self, why: str) -> None:
        """To be called for each failed call; `why` must hold no personal data."""
        self._failures += 1
        if self._clock() - self._logged_at < REPEAT_AFTER:
            return
        self._logged_at = self._clock()
        self._logger.warning("%s: %s (failed calls: %d)", self._what, why, self._failures)
        self._failures, self._open = 0, True

    def worked(self) -> None:
        """To be called for each call that succeeds."""
        if self._open:
            self._logger.warning("no longer: %s (failed calls: %d)", self._what, self._failures)
            self._failures, self._open = 0, False
