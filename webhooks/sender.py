"""Sends one delivery by HTTP: bounded in time, without redirects, and without reading the answer's
body.
"""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore2

from domain.webhooks import Attempt, AttemptOutcome, check_url
from webhooks.addresses import AddressPolicy, AddressRefused, PinnedBackend

TIMEOUT = 10.0
"""Seconds for an attempt: resolving, connecting, sending, and the answer's status."""

BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Statuses whose Retry-After counts."""

Answer = tuple[int, str]
"""The status, and the header Retry-After; empty if there is none."""


class Sender:
    """`allow_http`: whether URLs may be http. `tls`: other than the system's authorities."""

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        allow_http: bool = False,
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._allow_http = allow_http
        self._timeout = timeout
        self._tls = tls or ssl.create_default_context()

    async def send(self, url: str, headers: Mapping[str, str], body: str) -> Attempt:
        """One attempt. Never raises for what a receiver or its address does."""
        clock = asyncio.get_running_loop().time
        began, status, retry_after = clock(), None, timedelta()
        try:
            check_url(url, allow_http=self._allow_http)
            async with asyncio.timeout(self._timeout):
                status, wait = await self._post(url, headers, body.encode())
            outcome = _outcome(status)
            if status in BUSY:
                retry_after = pause_asked_for(wait, datetime.now(UTC))
        except (TimeoutError, httpcore2.TimeoutException):
            outcome = AttemptOutcome.TIMEOUT
        except (AddressRefused, ValueError):
            outcome = AttemptOutcome.ADDRESS_REFUSED
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError):
            outcome = AttemptOutcome.UNREACHABLE
        return Attempt(outcome, status, int((clock() - began) * 1000), retry_after)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Each call has a connection of its own, whose address is checked when it is opened."""
        async with httpcore2.AsyncConnectionPool(
            ssl_context=self._tls,
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=PinnedBackend(self._policy),
        ) as connections:
            sent = {
                "Host": urlsplit(url).netloc,
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "User-Agent": "Chairtime-Webhooks",
                "Connection": "close",
                **headers,
            }
            async with connections.stream(
                "POST", url, headers=list(sent.items()), content=body
            ) as answer:
                named = (value for name, value in answer.headers if name.lower() == b"retry-after")
                return answer.status, next(named, b"").decode("latin-1")


def pause_asked_for(text: str, now: datetime) -> timedelta:
    """What Retry-After asks for: seconds, or an HTTP date (RFC 9110, 10.2.3). Zero for anything
    else, and for a date in the past.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    try:
        return max(timedelta(), parsedate_to_datetime(text).replace(tzinfo=UTC) - now)
    except (ValueError, TypeError, OverflowError):
        return timedelta()


def _outcome(status: int) -> AttemptOutcome:
    match status // 100:
        case 2:
            return AttemptOutcome.DELIVERED
        case 3:
            return AttemptOutcome.REDIRECT
        case _:
            return AttemptOutcome.GONE if status == 410 else AttemptOutcome.HTTP_ERROR
