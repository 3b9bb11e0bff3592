"""Rate limits: a sliding window of a minute per caller, or per address without a valid token.
api/http/admission.py checks them before anything else is done for a request.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from api.http.addresses import UNKNOWN, customer
from api.http.errors import Problem
from domain.actors import Actor
from settings import Settings

logger = logging.getLogger(__name__)

May = Callable[[RateLimitItem, str], Awaitable[bool]]

READS = frozenset({"GET", "HEAD", "OPTIONS"})
STORAGE_TIMEOUT = 0.5
"""Seconds that a request waits for the storage of the counters."""

GUESSES = 10
"""Tokens and tickets that are verified for an address after its window of failures is used up, as a
multiple of that window. One client that repeats an expired token must not lock out the people who
share its address and bring a token that was not seen here before.
"""

SWEEP_EVERY = 10.0
"""Seconds between two removals of expired counters."""


class Memory(MemoryStorage):
    """The library's storage, but it sweeps now and then: its own walks over every counter at every
    hit, so that a thousand callers would slow each other down.
    """

    STORAGE_SCHEME = ["async+chairtime"]  # noqa: RUF012  (as the library declares it)
    _swept = 0.0

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.time()
        if now - self._swept >= SWEEP_EVERY:
            self._swept = now
            for over in [name for name, end in self.expirations.items() if end <= now]:
                await self.clear(over)
        await self.get(key)
        self.storage[key] += amount
        self.expirations.setdefault(key, now + expiry)
        return self.storage[key]


class Limits:
    """Counts each request once, at its beginning; what takes longer, as a stream does, costs no
    more. Where the counters cannot be reached, nobody is refused.
    """

    def __init__(
        self, storage: Storage, reads: int, writes: int, failures: int, public: int = 600
    ) -> None:
        self._window = SlidingWindowCounterRateLimiter(storage)
        self._reads = RateLimitItemPerMinute(reads, namespace="reads")
        self._writes = RateLimitItemPerMinute(writes, namespace="writes")
        self._failures = RateLimitItemPerMinute(failures, namespace="failures")
        self._guesses = RateLimitItemPerMinute(GUESSES * failures, namespace="guesses")
        self._public = RateLimitItemPerMinute(public, namespace="public")
        self._tickets = RateLimitItemPerMinute(public, namespace="tickets")

    @classmethod
    def of(cls, settings: Settings) -> "Limits | None":
        """The limits that the settings ask for; None where they are off."""
        if not settings.limited:
            return None
        return cls(
            _storage(settings.rate_limit_storage.get_secret_value()),
            settings.rate_limit_reads,
            settings.rate_limit_writes,
            settings.rate_limit_failures,
            settings.rate_limit_public,
        )

    async def called(self, request: Request, actor: Actor) -> None:
        """Counts a request of a known caller. Raises `rate_limited`."""
        item = self._reads if request.method in READS else self._writes
        await self._ask(self._window.hit, item, str(actor.id))

    async def refused(self, request: Request) -> None:
        """Counts a request without a valid token. Raises `rate_limited`."""
        await self._ask(self._window.hit, self._failures, address(request))

    async def may_guess(self, request: Request) -> None:
        """Asks before a token or ticket is verified. Raises `rate_limited` where too many from this
        address were wrong.
        """
        await self._ask(self._window.test, self._guesses, address(request))

    async def guessed_wrong(self, request: Request) -> None:
        """Counts a token or ticket that was not valid. Raises `rate_limited`."""
        await self._ask(self._window.hit, self._guesses, address(request))
        await self.refused(request)

    async def showed_ticket(self, request: Request) -> None:
        """Counts a request with a ticket, which may be refused before the ticket is looked up.
        Raises `rate_limited`, also where too many tokens and tickets from this address were wrong.
        """
        await self.may_guess(request)
        await self._ask(self._window.hit, self._tickets, address(request))

    async def asked_publicly(self, request: Request) -> None:
        """Counts a request for what needs no token, or with a token that cannot be verified now.
        Raises `rate_limited`.
        """
        await self._ask(self._window.hit, self._public, address(request))

    async def _ask(self, may: May, item: RateLimitItem, who: str) -> None:
        try:
            async with asyncio.timeout(STORAGE_TIMEOUT):
                if await may(item, who):
                    return
                frees, _ = await self._window.get_window_stats(item, who)
        except (StorageError, TimeoutError) as error:
            logger.warning(
                "rate limits are not enforced, their storage does not answer: %s",
                type(error).__name__,
            )
            return
        raise Problem(
            "rate_limited",
            f"More than {item.amount} requests in a minute; retry after Retry-After.",
            headers={"Retry-After": str(1 + math.floor(frees - time.time()))},
        )


def address(request: Request) -> str:
    """Where a request comes from, as far as the server believes it."""
    return customer(request.client.host) if request.client else UNKNOWN


def _storage(uri: str) -> Storage:
    if uri.startswith("memory:"):
        return Memory(wrap_exceptions=True)
    found = storage_from_string(f"async+{uri}", wrap_exceptions=True, implementation="redispy")
    if not isinstance(found, Storage):
        raise TypeError("RATE_LIMIT_STORAGE must be a storage for asyncio")
    return found
