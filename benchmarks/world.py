"""The clinics that the bookings are made at: so large that callers meet only where they should.

Ten of four dentists and five chairs, open as in the demo data, a fifth of their time booked.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from api.auth import development
from settings import Settings

NAMESPACE = UUID("0e7b6a34-52c4-4f5d-9f6e-9d3c6f1b7a20")
ZONE = ZoneInfo("Europe/Berlin")
GRID_MINUTES = 15
CLINICS, DENTISTS, CHAIRS = 10, 4, 5
DAYS = 80
"""From tomorrow on."""
BOOKED = 0.2
OLD_PATIENTS, CALLERS, PATIENTS = 2000, 9000, 200
STARTS = ("08:00", "08:45", "09:30", "10:15", "11:00", "13:00", "13:45", "14:30", "15:15", "16:00")
"""A visit of half an hour and its buffer fit in between."""
WINDOWS = (("08:00", "12:00"), ("13:00", "18:00"))

VISIT, PLAIN, SHORT = "visit", "plain", "short"
TYPES = (
    # slug, buffer after in minutes, seconds of hold, needs a chair
    (VISIT, 5, 3600, True),
    (PLAIN, 0, 3600, False),
    (SHORT, 0, 2, False),
)
"""Half an hour each. Holds outlast the run, but for those whose end is what is measured."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Half an hour of one dentist that nobody has booked."""

    dentist: UUID
    resource_no: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """A patient, and the token that speaks for them: their own, or the front desk's."""

    id: UUID
    token: str


def named(kind: str, number: int) -> UUID:
    return uuid5(NAMESPACE, f"{kind}:{number}")


def resource(kind: str, number: int) -> int:
    """Resource numbers are ours to give: dentists, then chairs, then patients."""
    first = {"dentist": 1, "chair": 1001, "patient": 10_001}
    return first[kind] + number


class World:
    """Who calls, and for what; each call of `slots` gives others than the last."""

    def __init__(self, settings: Settings) -> None:
        key = self._key = development.private_key(settings.development_key)
        sign = development.sign
        ids = [named("patient", OLD_PATIENTS + n) for n in range(CALLERS)]
        self.desk = sign(key, named("admin", 0), "admin", 7200)
        self.patients = [Caller(id, sign(key, id, "patient", 7200)) for id in ids[:PATIENTS]]
        """Who call for themselves."""
        free, self.booked = _timetable()
        self._slots = itertools.cycle(free)
        self._callers = itertools.cycle(Caller(id, self.desk) for id in ids)

    def readers(self, count: int) -> list[Caller]:
        """So many patients, each with a token of their own."""
        ids = [named("patient", number) for number in range(count)]
        return [Caller(id, development.sign(self._key, id, "patient", 7200)) for id in ids]

    def slots(self, count: int) -> list[Slot]:
        return list(itertools.islice(self._slots, count))

    def callers(self, count: int) -> list[Caller]:
        """Others each time, for whom the front desk calls: it is known, and what it costs to learn
        who a new caller is, is no part of what is compared.
        """
        return list(itertools.islice(self._callers, count))


def _timetable() -> tuple[list[Slot], list[Slot]]:
    """All slots, free and booked, each list in an order that favours nobody; always the same."""
    dice = random.Random(8)
    slots = [
        Slot(named("dentist", number), resource("dentist", number), starts_at)
        for starts_at in _starts()
        for number in range(CLINICS * DENTISTS)
    ]
    dice.shuffle(slots)
    booked = int(len(slots) * BOOKED)
    return slots[booked:], slots[:booked]


def _starts() -> Iterator[datetime]:
    first: date = datetime.now(ZONE).date() + timedelta(days=1)
    for day in (first + timedelta(days=n) for n in range(DAYS)):
        if day.weekday() < 5:
            for start in STARTS:
                local = datetime.combine(day, wall_time.fromisoformat(start), ZONE)
                yield local.astimezone(UTC)
