"""Encoding of server-sent events. Each frame is encoded once and shared by all streams."""

import json
import random
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sse_starlette import ServerSentEvent

from domain.events import Cursor, Event

RETRY = (1000, 3000)
"""Range of milliseconds before a reader reconnects after a lost connection; random,
to spread load.
"""

HEARTBEAT_SECONDS = 15


class Ending(StrEnum):
    """The last frame of a stream that the server ends. All earlier events have been sent."""

    BYE = "bye"
    """The process is shutting down."""
    EXPIRED = "expired"
    """The token has expired: reconnect with a new one."""
    REVOKED = "revoked"
    """The reader's role has changed or was removed: reconnect, and permissions are
    checked again.
    """
    LAGGED = "lagged"
    """The reader was too slow: reconnect to continue after the last received `id`."""


RETRY_AFTER = {
    Ending.BYE: (200, 5000),
    Ending.EXPIRED: (200, 2000),
    Ending.REVOKED: (200, 2000),
    Ending.LAGGED: (200, 2000),
}
"""Range of milliseconds before readers reconnect; random, as many streams may end together."""


class Reset(StrEnum):
    """Why a reader must reload everything."""

    UNKNOWN = "unknown_cursor"
    """Malformed, of another epoch, or beyond the end of the log."""
    TOO_OLD = "too_old"
    """The log no longer has the events after this cursor."""
    EPOCH = "epoch"
    """The database was restored while the stream was open."""


def event(at: Cursor, item: Event, now: datetime) -> bytes:
    """One event, with its number as the id that a reader resumes after."""
    return frame(item.kind, data(item, now), at)


def data(item: Event, now: datetime) -> str:
    """The data of an event, as a JSON object."""
    head = {
        "seq": item.seq,
        "kind": item.kind,
        "entity_id": str(item.entity_id),
        "version": item.version,
        "occurred_at": rfc3339(item.occurred_at),
        "server_time": rfc3339(now),
    }
    # The payload is inserted as Postgres wrote it, without decoding; our sessions use +00:00.
    return f"{json.dumps(head)[:-1]}, {item.payload[1:]}".replace('+00:00"', 'Z"')


def ready(at: Cursor, now: datetime) -> bytes:
    """The first frame: the stream continues after this cursor."""
    return _frame("ready", at, server_time=rfc3339(now), heartbeat_seconds=HEARTBEAT_SECONDS)


def reset(at: Cursor, why: Reset) -> bytes:
    """Events are missing, so the reader must reload. The stream continues after `at`."""
    return _frame("reset", at, reason=str(why))


def retry() -> bytes:
    """How long to wait before reconnecting; random for each reader."""
    return _encoded(retry=random.randint(*RETRY))


def ending(why: Ending) -> bytes:
    """The last frame: why the stream ends, and when to reconnect."""
    return _encoded("{}", event=why, retry=random.randint(*RETRY_AFTER[why]))


def frame(name: str, data: str, at: Cursor) -> bytes:
    """One frame of JSON, with the cursor after it."""
    return _encoded(data, event=name, id=str(at))


def rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _frame(name: str, at: Cursor, **data: Any) -> bytes:
    return frame(name, json.dumps(data), at)


def _encoded(data: str | None = None, **fields: Any) -> bytes:
    return ServerSentEvent(data, sep="\n", **fields).encode()


HEARTBEAT = _encoded(comment="hb")
