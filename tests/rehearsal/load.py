"""Callers who hold, confirm, release and cancel, and keep a history of what they were answered."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2

from chairtime_client.following import events
from chairtime_client.position import Event, Ready, Reset
from tests.rehearsal.practice import SHORT, VISIT, Practice

GIVE_UP = 90.0
"""Seconds after which a caller who gets no definite answer gives up; it should never happen."""


@dataclass
class History:
    ended: dict[str, str] = field(default_factory=dict)
    """What each booking must be: its id, and `booked`, `cancelled`, `released` or `expired`."""
    refused: Counter[str] = field(default_factory=Counter)
    """Final refusals by code."""
    repeated: Counter[str] = field(default_factory=Counter)
    """Answers after which the caller repeated the request: 502, 503, a lost connection …"""
    lost: list[str] = field(default_factory=list)
    """Requests without a definite answer within GIVE_UP."""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    """Of each answer by kind of request."""
    slowest_outage: float = 0.0
    """The longest time from a first attempt to its definite answer."""
    heard: dict[str, int] = field(default_factory=dict)
    """The last version of each booking that the stream has told."""
    heard_ends: dict[str, str] = field(default_factory=dict)
    """The last kind of event of each booking that the stream has told, such as `booked`."""
    missed: list[str] = field(default_factory=list)
    """Events that the stream has left out."""

    def quantile(self, kind: str, share: float) -> float:
        found = sorted(self.seconds.get(kind, [0.0]))
        return found[min(len(found) - 1, int(share * len(found)))]


@asynccontextmanager
async def running(practice: Practice, history: History, callers: int) -> AsyncIterator[None]:
    """So many callers at work, and a reader of the board, while the context is open."""
    stop, ready = asyncio.Event(), asyncio.Event()
    reader = asyncio.create_task(_read(practice, history, ready))
    await asyncio.wait_for(ready.wait(), 30)
    tasks = [asyncio.create_task(_work(practice, history, stop)) for _ in range(callers)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)
        # The end of a hold may come 5 s after the hold.
        await wait_until(lambda: history.ended.items() <= history.heard_ends.items(), 30)
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader


async def _work(practice: Practice, history: History, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await book(practice, history)


async def book(practice: Practice, history: History) -> None:
    """One visit from the hold to its end, chosen at random."""
    patient, end = practice.patient(), random.choices(*zip(*ENDS, strict=True))[0]
    kind = SHORT if end == "expired" else VISIT
    body = {**practice.slot(), "appointment_type": kind}
    held = await call(practice, history, patient, "hold", "/api/availability/reserve", body)
    if held is None:
        return
    path = f"/api/appointments/{held['id']}"
    reservation = f"/api/availability/reserve/{held['id']}"
    steps = {
        "booked": [("confirm", f"{path}/confirm")],
        "cancelled": [("confirm", f"{path}/confirm"), ("cancel", f"{path}/cancel")],
        "released": [("release", reservation)],
        "expired": [],
    }[end]
    for step, where in steps:
        if await call(practice, history, patient, step, where) is None:
            return  # what it is now is not known; the refusal is counted
    history.ended[held["id"]] = end


ENDS = [("booked", 6), ("cancelled", 2), ("released", 1), ("expired", 1)]


async def call(
    practice: Practice,
    history: History,
    patient: str,
    kind: str,
    path: str,
    body: dict[str, Any] | None = None,
) -> dict[str, Any] | None:
    """The answer, repeated under one key until it is definite; None for a refusal."""
    headers = practice.headers("patient", patient, **{"Idempotency-Key": str(uuid4())})
    method = "DELETE" if kind == "release" else "POST"
    first = time.monotonic()
    while time.monotonic() < first + GIVE_UP:
        began = time.monotonic()
        try:
            answer = await practice.http.request(method, path, headers=headers, json=body)
        except httpx2.TransportError as error:
            history.repeated[type(error).__name__] += 1
            await asyncio.sleep(0.2)
            continue
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            history.repeated[_reason(answer)] += 1
            await asyncio.sleep(0.2)
            continue
        history.seconds.setdefault(kind, []).append(time.monotonic() - began)
        history.slowest_outage = max(history.slowest_outage, time.monotonic() - first)
        if answer.is_success:
            return answer.json() if answer.content else {}
        history.refused[f"{kind} {answer.json()['code']}"] += 1
        return None
    history.lost.append(f"{kind} {path}")
    return None


def _reason(answer: httpx2.Response) -> str:
    """The status, with the API's detail if it is the API's answer and not the proxy's."""
    if answer.headers.get("content-type") != "application/problem+json":
        return str(answer.status_code)
    return f"{answer.status_code} {answer.json()['detail']}"


async def _read(practice: Practice, history: History, ready: asyncio.Event) -> None:
    """Follows all bookings as an admin; each version of a booking is one above the last."""
    token = practice.token("admin", "first")
    async for item in events(str(practice.http.base_url), token, topics=["appointments"]):
        if isinstance(item, Ready):
            ready.set()
        if isinstance(item, Reset):
            history.missed.append(f"reset: {item.reason}")
        if isinstance(item, Event) and item.version is not None:
            before = history.heard.get(item.entity_id, item.version - 1)
            if item.version != before + 1:
                history.missed.append(f"{item.entity_id}: {item.version} after {before}")
            history.heard[item.entity_id] = item.version
            history.heard_ends[item.entity_id] = item.kind.removeprefix("appointment.")


async def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Returns when it is true, or after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        if condition() or time.monotonic() > until:
            return
        await asyncio.sleep(0.2)
