"""Connects, reconnects with back-off, and gives up on permanent refusals."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

import httpx2

from chairtime_client.position import Item, ReaderPosition
from chairtime_client.refused import Refused
from chairtime_client.tokens import Token, bearer, renew

HEARTBEAT_TIMEOUT = 40.0
"""Seconds without data after which a connection counts as lost: more than two heartbeats."""

CONNECT_TIMEOUT = 10.0
"""Seconds for connecting."""

LONGEST_BACK_OFF = 10.0
"""Longest pause in seconds between two attempts."""

JITTER = 0.25
"""Largest random extension of a pause, as a share, so that clients do not reconnect at once."""

TRANSIENT = frozenset({408, 425, 429})
"""Statuses that are retried, as are all from 500 on."""

logger = logging.getLogger(__name__)


class _Busy(Exception):
    """The server asks to retry after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def events(
    base_url: str,
    token: Token,
    *,
    topics: Collection[str] = (),
    cursor: str | None = None,
    heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
) -> AsyncGenerator[Item, None]:
    """Events of these topics (all if none is given) after `cursor`, or from now on. Never ends by
    itself. Raises Refused for a permanent 4xx; for a 401 only after the token function has been
    called once more.
    """
    path = f"/api/events?topics={','.join(topics)}" if topics else "/api/events"
    return _follow(base_url, path, token, ReaderPosition(cursor), heartbeat_timeout)


def booking_events(
    base_url: str,
    token: Token,
    booking_id: str,
    *,
    cursor: str | None = None,
    heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
) -> AsyncGenerator[Item, None]:
    """The same for one booking; each connection begins with a Snapshot."""
    path = f"/api/appointments/{booking_id}/events"
    return _follow(base_url, path, token, ReaderPosition(cursor), heartbeat_timeout)


async def _follow(
    base_url: str, path: str, token: Token, position: ReaderPosition, heartbeat_timeout: float
) -> AsyncGenerator[Item, None]:
    failures, token_renewed = 0, False
    timeout = httpx2.Timeout(CONNECT_TIMEOUT, read=heartbeat_timeout)
    async with httpx2.AsyncClient(base_url=base_url, timeout=timeout) as client:
        while True:
            least = 0.0
            try:
                async with aclosing(_connection(client, path, token, position)) as items:
                    async for item in items:
                        failures, token_renewed = 0, False
                        yield item
            except Refused as refused:
                if refused.status != 401 or isinstance(token, str) or token_renewed:
                    raise
                token_renewed = True
                renew(token)
            except _Busy as busy:
                least = busy.seconds
            except (httpx2.TransportError, httpx2.StreamError) as error:
                logger.info("connection lost at %s: %r", position.cursor, error)
            await asyncio.sleep(max(least, _pause(position.retry, failures)))
            failures += 1


async def _connection(
    client: httpx2.AsyncClient, path: str, token: Token, position: ReaderPosition
) -> AsyncGenerator[Item, None]:
    """The items of one connection, until it ends."""
    headers = {"Authorization": f"Bearer {await bearer(token)}"}
    if position.cursor:
        headers["Last-Event-ID"] = position.cursor
    async with client.sse(path, headers=headers) as source:
        await _admitted(source.response)
        async for frame in source:
            for item in position.take(frame):
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
    longest = max(retry, LONGEST_BACK_OFF)
    return min(retry * 2.0 ** min(failures, 16), longest) * random.uniform(1, 1 + JITTER)
