"""Encodes slots as JSON. An answer can have ten thousand of them, most of which share their times
with those of other dentists: each time is encoded once. 2,400 slots take 3.0 ms (pydantic: 7.7).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Response

from api.http import cursors
from domain.search import Slot
from services.slot_search import Found


class Cursor(NamedTuple):
    """A place in a list that is in order of start and dentist: the last slot before it."""

    starts_at: datetime
    dentist_id: UUID

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """What `str()` wrote. Raises `validation_failed`."""
        return cls(*cursors.decoded(text))

    def __str__(self) -> str:
        return cursors.packed(self.starts_at.isoformat(), self.dentist_id)

    def after(self, found: Sequence[Found]) -> list[Found]:
        return [each for each in found if at(each) > self]


def at(found: Found) -> Cursor:
    slot, booking_terms = found
    return Cursor(slot.starts_at, booking_terms.dentist_id)


def listed(found: Iterable[Found], tz: ZoneInfo | None) -> Response:
    """A JSON array of BoardSlot."""
    return _response("[" + ",".join(_texts(found, tz)) + "]")


def page(
    found: Sequence[Found], limit: int, next_available: Found | None, tz: ZoneInfo | None
) -> Response:
    """The first `limit` slots as a BoardPage."""
    cursor = str(at(found[limit - 1])) if len(found) > limit else None
    other = next(_texts([next_available], tz)) if next_available else "null"
    items = ",".join(_texts(found[:limit], tz))
    return _response(
        f'{{"items":[{items}],"next_cursor":{json.dumps(cursor)},"next_available":{other}}}'
    )


def _texts(found: Iterable[Found], tz: ZoneInfo | None) -> Iterator[str]:
    """Each slot as JSON; slots of the same start should follow each other."""
    zones: dict[str, _Zone] = {}
    for slot, booking_terms in found:
        name = booking_terms.hours.time_zone
        zone = zones.get(name)
        if zone is None:
            zone = zones[name] = _Zone(name, tz or ZoneInfo(name))
        yield f'{{"dentist_id":"{booking_terms.dentist_id}",{zone.text(slot)}}}'


class _Zone:
    """All of a slot but whose it is, in one zone. The last slot and all instants are kept."""

    def __init__(self, name: str, zone: ZoneInfo) -> None:
        self._name = json.dumps(name)
        self._zone = zone
        self._instants: dict[datetime, str] = {}
        self._last: tuple[Slot | None, str] = (None, "")

    def text(self, slot: Slot) -> str:
        """Nothing in it needs escaping but the zone's name."""
        if self._last[0] != slot:
            times = f'"starts_at":"{self._at(slot.starts_at)}","ends_at":"{self._at(slot.ends_at)}"'
            until = f',"held_until":"{_rfc3339(slot.held_until)}"' if slot.held_until else ""
            text = f'{times},"time_zone":{self._name},"state":"{slot.state}"{until}'
            self._last = (slot, text)
        return self._last[1]

    def _at(self, instant: datetime) -> str:
        text = self._instants.get(instant)
        if text is None:
            text = self._instants[instant] = _rfc3339(instant.astimezone(self._zone))
        return text


def _rfc3339(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _response(text: str) -> Response:
    return Response(text.encode(), media_type="application/json")
