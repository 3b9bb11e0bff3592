"""From connection to connection: what to send, when to come back, and when to give up."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing
from typing import TypeAlias

import httpx2

from chairtime_client.place import Item, Place

SILENCE = 40.0
"""Seconds without a byte after which a connection counts as lost: more than two heartbeats."""

CONNECT = 10.0
"""Seconds that connecting may take."""

LONGEST = 10.0
"""Seconds between two attempts while nobody answers."""

JITTER = 0.25
"""Share of a pause by which it may be longer, so that a crowd does not come back at once."""

TRANSIENT = frozenset({408, 425, 429})
"""Refusals that may be over the next time, like all from 500 on."""

Token: TypeAlias = str | Callable[[], Awaitable[str]]
"""A bearer token, or what fetches one: called before each connection."""

logger = logging.getLogger(__name__)


class Refused(Exception):
    """The server will not let this reader follow, however often it asks."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        """As in the API's problems: `unauthenticated`, `forbidden`, `not_found` …"""


class _Busy(Exception):
    """Not now, and not before so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def events(
    base_url: str,
    token: Token,
    *,
    topics: Collection[str] = (),
    cursor: str | None = None,
    silence: float = SILENCE,
) -> AsyncGenerator[Item, None]:
    """What happens in these topics (all, where none is named) after `cursor`, or from now on. Does
    not end by itself. Raises Refused for a 4xx that will not pass; for a 401 not before a token
    callable has been asked once more.
    """
    path = f"/api/events?topics={','.join(topics)}" if topics else "/api/events"
    return _follow(base_url, path, token, Place(cursor), silence)


def booking_events(
    base_url: str,
    token: Token,
    booking_id: str,
    *,
    cursor: str | None = None,
    silence: float = SILENCE,
) -> AsyncGenerator[Item, None]:
    """The same for one booking; each connection begins with a Snapshot."""
    path = f"/api/appointments/{booking_id}/events"
    return _follow(base_url, path, token, Place(cursor), silence)


async def _follow(
    base_url: str, path: str, token: Token, place: Place, silence: float
) -> AsyncGenerator[Item, None]:
    failures, doubted = 0, False
    patience = httpx2.Timeout(CONNECT, read=silence)
    async with httpx2.AsyncClient(base_url=base_url, timeout=patience) as client:
        while True:
            least = 0.0
            try:
                async with aclosing(_connection(client, path, token, place)) as items:
                    async for item in items:
                        failures, doubted = 0, False
                        yield item
            except Refused as refused:
                if refused.status != 401 or isinstance(token, str) or doubted:
                    raise
                doubted = True
            except _Busy as busy:
                least = busy.seconds
            except (httpx2.TransportError, httpx2.StreamError) as error:
                logger.info("cut off at %s: %r", place.cursor, error)
            await asyncio.sleep(max(least, _pause(place.retry, failures)))
            failures += 1


async def _connection(
    client: httpx2.AsyncClient, path: str, token: Token, place: Place
) -> AsyncGenerator[Item, None]:
    """What one connection brings, until it ends."""
    headers = {"Authorization": f"Bearer {token if isinstance(token, str) else await token()}"}
    if place.cursor:
        headers["Last-Event-ID"] = place.cursor
    async with client.sse(path, headers=headers) as source:
        await _admitted(source.response)
        async for frame in source:
            for item in place.take(frame):
                yield item


async def _admitted(response: httpx2.Response) -> None:
    status = response.status_code
    if status >= 500 or status in TRANSIENT:
        after = response.headers.get("Retry-After", "")
        raise _Busy(float(after) if after.isdecimal() else 0.0)
    if status != 200:
        await response.aread()
        try:
            code = str(response.json()["code"])
        except (ValueError, KeyError, TypeError):
            code = response.reason_phrase
        raise Refused(status, code)


def _pause(retry: float, failures: int) -> float:
    """Seconds to wait: never less than the server asked for."""
    longest = max(retry, LONGEST)
    return min(retry * 2.0 ** min(failures, 16), longest) * random.uniform(1, 1 + JITTER)
