"""A reader's position in the order of events, and the interpretation of frames. No sockets, no
clock.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from httpx2 import ServerSentEvent

RETRY = 1.0
"""Seconds before reconnecting, unless the server sends another value."""

REMEMBERED = 10_000
"""Number of bookings whose latest version is kept, to detect missing events."""

GAP = "gap"
"""The reason of a reset by this client, which detected that an event is missing."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A connection is open: events after `cursor` follow."""

    cursor: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A connection to one booking's events is open; `booking` is its current state. Events already
    included in it may follow: ignore versions that you have.
    """

    cursor: str
    booking: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reset:
    """Events are missing: reload the lists."""

    cursor: str
    reason: str
    """The server's (`unknown_cursor`, `too_old`, `epoch`), or GAP."""


@dataclass(frozen=True, slots=True)
class Event:
    """A change. Store `cursor` once you have handled it, to resume from there later."""

    cursor: str
    seq: int
    kind: str
    entity_id: str
    version: int | None
    occurred_at: datetime
    data: dict[str, Any]
    """The whole event, including the entity."""


Item: TypeAlias = Ready | Snapshot | Reset | Event


class ReaderPosition:
    """The position of one reader across connections. Drops duplicates; a missing event becomes a
    Reset.
    """

    def __init__(self, cursor: str | None = None) -> None:
        self.cursor = cursor
        """Resume after this cursor; null: from now on."""
        self.retry = RETRY
        """Seconds to wait before the next connection."""
        self._versions: dict[str, int] = {}

    def take(self, frame: ServerSentEvent) -> Iterator[Item]:
        """The items in a frame; none for control frames and unknown kinds."""
        if frame.retry is not None:
            self.retry = frame.retry / 1000
        data: dict[str, Any] = json.loads(frame.data or "{}")
        match frame.event:
            case "ready":
                yield from self._begin(Ready(frame.id))
            case "snapshot":
                yield from self._begin(Snapshot(frame.id, data))
            case "reset":
                yield self._reset(frame.id, data.get("reason", ""))
            case kind if "seq" in data:
                yield from self._event(kind, frame.id, data)

    def _begin(self, first: Ready | Snapshot) -> Iterator[Item]:
        """Handles the first frame: a connection that does not start at our cursor means a gap."""
        if self.cursor not in (None, first.cursor):
            yield self._reset(first.cursor, GAP)
        self.cursor = first.cursor
        yield first

    def _event(self, kind: str, cursor: str, data: dict[str, Any]) -> Iterator[Item]:
        if self._had(cursor):
            return
        if self._misses(kind, data):
            yield self._reset(cursor, GAP)
        self.cursor = cursor
        self._remember(kind, data)
        yield Event(
            cursor,
            data["seq"],
            kind,
            data["entity_id"],
            data["version"],
            datetime.fromisoformat(data["occurred_at"]),
            data,
        )

    def _had(self, cursor: str) -> bool:
        epoch, _, seq = cursor.partition(":")
        here_epoch, _, here_seq = (self.cursor or "").partition(":")
        return epoch == here_epoch and int(seq) <= int(here_seq)

    def _misses(self, kind: str, data: dict[str, Any]) -> bool:
        """Whether a version of a booking was skipped: each version is exactly one event."""
        before = self._versions.get(data["entity_id"])
        return kind.startswith("appointment.") and before not in (None, data["version"] - 1)

    def _remember(self, kind: str, data: dict[str, Any]) -> None:
        if not kind.startswith("appointment."):
            return
        self._versions.pop(data["entity_id"], None)
        if kind == "appointment.removed":  # later versions may not be visible to us
            return
        self._versions[data["entity_id"]] = data["version"]
        if len(self._versions) > REMEMBERED:
            del self._versions[next(iter(self._versions))]

    def _reset(self, cursor: str, reason: str) -> Reset:
        self.cursor = cursor
        self._versions.clear()
        return Reset(cursor, reason)
