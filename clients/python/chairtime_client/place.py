"""Where a reader is in the order of events, and what a frame means there. No sockets, no clock."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from httpx2 import ServerSentEvent

RETRY = 1.0
"""Seconds before reconnecting, until the server has named another pause."""

REMEMBERED = 10_000
"""Bookings whose latest version is kept, to notice that one is missing."""

GAP = "gap"
"""The reason of a reset that was found here: the server did not say why something is missing."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A connection begins: events after `cursor` follow."""

    cursor: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A connection to one booking's events begins, with the booking as it is now. Events that it
    contains already may follow: ignore the versions that you have.
    """

    cursor: str
    booking: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reset:
    """What you have does not join up with what follows: load the lists again."""

    cursor: str
    reason: str
    """The server's (`unknown_cursor`, `too_old`, `epoch`), or GAP."""


@dataclass(frozen=True, slots=True)
class Event:
    """A change. Keep `cursor` once you are done with it, to go on from there another day."""

    cursor: str
    seq: int
    kind: str
    entity_id: str
    version: int | None
    occurred_at: datetime
    data: dict[str, Any]
    """All of it, with the entity."""


Item: TypeAlias = Ready | Snapshot | Reset | Event


class Place:
    """Outlives connections. What comes twice is dropped; what is missing becomes a Reset."""

    def __init__(self, cursor: str | None = None) -> None:
        self.cursor = cursor
        """After which to go on; null for from now on."""
        self.retry = RETRY
        """Seconds to wait before the next connection."""
        self._versions: dict[str, int] = {}

    def take(self, frame: ServerSentEvent) -> Iterator[Item]:
        """What a frame brings; nothing for one that only steers, or that is of a later kind."""
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
        """A connection must begin where the one before it ended, unless a reset says otherwise."""
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
        """Each version of a booking is one event, so the next must be the very next."""
        before = self._versions.get(data["entity_id"])
        return kind.startswith("appointment.") and before not in (None, data["version"] - 1)

    def _remember(self, kind: str, data: dict[str, Any]) -> None:
        if not kind.startswith("appointment."):
            return
        self._versions.pop(data["entity_id"], None)
        if kind == "appointment.removed":  # versions that are not ours to see may follow
            return
        self._versions[data["entity_id"]] = data["version"]
        if len(self._versions) > REMEMBERED:
            del self._versions[next(iter(self._versions))]

    def _reset(self, cursor: str, reason: str) -> Reset:
        self.cursor = cursor
        self._versions.clear()
        return Reset(cursor, reason)
