"""Sends requests as a careful client does: each attempt has a bound, and a command is repeated
under its Idempotency-Key, at the other server, until its answer is definite.

A hang is an attempt that gets neither an answer nor an error within BOUND. A process that SIGSTOP
has stopped keeps its connections and cannot answer; the judge leaves out attempts during that time,
and they count as repeated like all others.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from tests.faults.history import BOUND, NO_ANSWER, Attempt, Request

GIVE_UP = 60.0
"""Seconds after which a caller gives up a command; the judge then reports it."""

PAUSE = 0.2
"""Seconds between two attempts."""


@dataclass(frozen=True)
class Asker:
    http: httpx2.AsyncClient
    servers: dict[str, str]
    """URLs by name."""

    async def command(
        self,
        request: Request,
        first: int,
        method: str,
        path: str,
        headers: dict[str, str],
        body: dict[str, Any] | None,
    ) -> None:
        """Sends it until the answer is definite, or GIVE_UP is over, and notes everything.
        `first`: which server is asked first.
        """
        names, until = list(self.servers), time.time() + GIVE_UP
        headers = {**headers, "Idempotency-Key": request.key}
        for number in range(10_000):
            server = names[(first + number) % len(names)]
            attempt, answer = await self.attempt(server, method, path, headers, body)
            request.attempts.append(attempt)
            if answer is not None and attempt.definite:
                _note(request, answer)
                return
            if time.time() > until:
                return
            await asyncio.sleep(PAUSE)

    async def attempt(
        self,
        server: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: dict[str, Any] | None = None,
    ) -> tuple[Attempt, httpx2.Response | None]:
        """One request, within BOUND."""
        sent, answer = time.time(), None
        try:
            async with asyncio.timeout(BOUND):
                url = self.servers[server] + path
                answer = await self.http.request(method, url, headers=headers, json=body)
            result = str(answer.status_code)
        except TimeoutError:
            result = NO_ANSWER
        except httpx2.TransportError as error:
            result = type(error).__name__
        return Attempt(server, sent, time.time(), result), answer


def client() -> httpx2.AsyncClient:
    """For all callers; time-outs are the asker's."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100)
    return httpx2.AsyncClient(timeout=None, limits=limits, trust_env=False)


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def refusals(attempts: Sequence[Attempt]) -> int:
    """How many were answered 503."""
    return sum(1 for attempt in attempts if attempt.result == "503")


def _note(request: Request, answer: httpx2.Response) -> None:
    request.status = answer.status_code
    found: dict[str, Any] = answer.json() if answer.content else {}
    if not answer.is_success:
        request.code = str(found.get("code"))
        return
    deadline = found.get("hold_expires_at")
    request.answer = {
        "status": found["status"],
        "version": found["version"],
        "dentist": found["dentist_id"],
        "starts_at": instant(found["starts_at"]),
        "deadline": instant(deadline) if deadline else request.sent,
    }
    if request.verb == "hold":
        request.booking = found["id"]
