"""The bytes of a stream. Each is made once and shared by all who read it."""

import json
import random
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sse_starlette import ServerSentEvent

from domain.events import Cursor, Event

RETRY = (1000, 3000)
"""Milliseconds after which a reader whose connection broke comes back; not all at once."""

HEARTBEAT_SECONDS = 15


class Ending(StrEnum):
    """The last frame of a stream that this side ends. Nothing that was due before it is missing."""

    BYE = "bye"
    """This process ends."""
    EXPIRED = "expired"
    """The token is over: come back with another one."""
    REVOKED = "revoked"
    """The reader's role is another now, or they have none: what they may see is judged again."""
    LAGGED = "lagged"
    """The reader was too slow for what happened; it goes on after the last `id` that came."""


RETRY_AFTER = {
    Ending.BYE: (200, 5000),
    Ending.EXPIRED: (200, 2000),
    Ending.REVOKED: (200, 2000),
    Ending.LAGGED: (200, 2000),
}
"""Milliseconds until readers come back: not all at once, as many may end together."""


class Reset(StrEnum):
    """Why a reader must load everything again."""

    UNKNOWN = "unknown_cursor"
    """Malformed, of another epoch, or beyond the end of the log."""
    TOO_OLD = "too_old"
    """The log does not reach back that far."""
    EPOCH = "epoch"
    """The database was restored while the stream was open."""


def event(at: Cursor, item: Event, now: datetime) -> bytes:
    """One event, with its number as the id that a reader resumes after."""
    return frame(item.kind, data(item, now), at)


def data(item: Event, now: datetime) -> str:
    """What is told of an event, as a JSON object."""
    head = {
        "seq": item.seq,
        "kind": item.kind,
        "entity_id": str(item.entity_id),
        "version": item.version,
        "occurred_at": rfc3339(item.occurred_at),
        "server_time": rfc3339(now),
    }
    # the payload is joined as Postgres wrote it, with our sessions' offset, and is never decoded
    return f"{json.dumps(head)[:-1]}, {item.payload[1:]}".replace('+00:00"', 'Z"')


def ready(at: Cursor, now: datetime) -> bytes:
    """The stream goes on from here."""
    return _frame("ready", at, server_time=rfc3339(now), heartbeat_seconds=HEARTBEAT_SECONDS)


def reset(at: Cursor, why: Reset) -> bytes:
    """What the reader has does not join up with what follows: load again. Goes on from `at`."""
    return _frame("reset", at, reason=str(why))


def retry() -> bytes:
    """How long to wait before reconnecting, another time for each reader."""
    return _encoded(retry=random.randint(*RETRY))


def ending(why: Ending) -> bytes:
    """Why there is nothing more on this connection, and when to come back."""
    return _encoded("{}", event=why, retry=random.randint(*RETRY_AFTER[why]))


def frame(name: str, data: str, at: Cursor) -> bytes:
    """One frame of JSON, with the place that it leads to."""
    return _encoded(data, event=name, id=str(at))


def rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _frame(name: str, at: Cursor, **data: Any) -> bytes:
    return frame(name, json.dumps(data), at)


def _encoded(data: str | None = None, **fields: Any) -> bytes:
    return ServerSentEvent(data, sep="\n", **fields).encode()


HEARTBEAT = _encoded(comment="hb")
