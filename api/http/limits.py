"""Rate limits: a sliding window of a minute per caller, or per address without a valid token.
api/http/admission.py checks them before anything else is done for a request.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from api.http.addresses import UNKNOWN, limit_key
from api.http.errors import Problem
from db.outages import OutageLog
from domain.actors import Actor
from settings import Settings

logger = logging.getLogger(__name__)

Window = Literal["reads", "writes", "failures", "guesses", "public", "tickets"]
"""What is counted per minute: reads and writes by caller; all others by address. Failures are
requests without a valid token, guesses are wrong tokens and tickets, and public requests need no
token.
"""

READS = frozenset({"GET", "HEAD", "OPTIONS"})
STORAGE_TIMEOUT = 0.5
"""Seconds that a request waits for the storage of the counters."""

GUESSES = 10
"""Wrong tokens and tickets of an address per minute, as a multiple of its failures. A client that
repeats an expired token must not lock out others who share its address.
"""

SWEEP_EVERY = 10.0
"""Seconds between two removals of expired counters."""


class Memory(MemoryStorage):
    """The library's storage, which walks over all counters at each hit. This one removes expired
    counters every SWEEP_EVERY seconds instead.
    """

    STORAGE_SCHEME = ["async+chairtime"]  # noqa: RUF012  (as the library declares it)
    _swept = 0.0

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.time()
        if now - self._swept >= SWEEP_EVERY:
            self._swept = now
            for expired in [name for name, end in self.expirations.items() if end <= now]:
                await self.clear(expired)
        await self.get(key)
        self.storage[key] += amount
        self.expirations.setdefault(key, now + expiry)
        return self.storage[key]


class Limits:
    """Counts each request once, at its beginning; a stream costs no more than any other request. If
    the storage does not answer, nobody is refused.
    """

    def __init__(
        self, storage: Storage, reads: int, writes: int, failures: int, public: int = 600
    ) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._outage = OutageLog(
            logger, "rate limits are not enforced, their storage does not answer"
        )
        amounts: Mapping[Window, int] = {
            "reads": reads,
            "writes": writes,
            "failures": failures,
            "guesses": GUESSES * failures,
            "public": public,
            "tickets": public,
        }
        self._items = {
            window: RateLimitItemPerMinute(amount, namespace=window)
            for window, amount in amounts.items()
        }

    @classmethod
    def of(cls, settings: Settings) -> "Limits | None":
        """The limits of the settings; null if they are off."""
        if not settings.limited:
            return None
        return cls(
            _storage(settings.rate_limit_storage.get_secret_value()),
            settings.rate_limit_reads,
            settings.rate_limit_writes,
            settings.rate_limit_failures,
            settings.rate_limit_public,
        )

    async def count_caller(self, request: Request, actor: Actor) -> None:
        """Counts a request of a caller with a valid token or ticket. Raises `rate_limited`."""
        await self.count("reads" if request.method in READS else "writes", str(actor.id))

    async def count_wrong_credentials(self, address: str) -> None:
        """Counts a token or ticket that was not valid. Raises `rate_limited`."""
        await self.count("guesses", address)
        await self.count("failures", address)

    async def count(self, window: Window, key: str) -> None:
        """Counts a request. Raises `rate_limited` if the window is used up."""
        await self._ask(self._limiter.hit, window, key)

    async def check(self, window: Window, key: str) -> None:
        """Raises `rate_limited` if the window is used up; counts nothing."""
        await self._ask(self._limiter.test, window, key)

    async def _ask(
        self, allows: Callable[[RateLimitItem, str], Awaitable[bool]], window: Window, key: str
    ) -> None:
        item = self._items[window]
        try:
            async with asyncio.timeout(STORAGE_TIMEOUT):
                allowed = await allows(item, key)
                self._outage.worked()
                if allowed:
                    return
                frees, _ = await self._limiter.get_window_stats(item, key)
        except (StorageError, TimeoutError) as error:
            self._outage.failed(type(error).__name__)
            return
        raise Problem(
            "rate_limited",
            f"More than {item.amount} requests in a minute; retry after Retry-After.",
            headers={"Retry-After": str(1 + math.floor(frees - time.time()))},
        )


def address(request: Request) -> str:
    """The address that a request counts for, as `limit_key` has it."""
    return limit_key(request.client.host) if request.client else UNKNOWN


def _storage(uri: str) -> Storage:
    if uri.startswith("memory:"):
        return Memory(wrap_exceptions=True)
    found = storage_from_string(f"async+{uri}", wrap_exceptions=True, implementation="redispy")
    if not isinstance(found, Storage):
        raise TypeError("RATE_LIMIT_STORAGE must be a storage for asyncio")
    return found
