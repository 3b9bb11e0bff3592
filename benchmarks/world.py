"""The test data: ten clinics, large enough that callers rarely compete for the same rows.

Each has four dentists and five chairs, and the opening hours of the demo; a fifth is booked.
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
"""Starting tomorrow."""
BOOKED = 0.2
OLD_PATIENTS, CALLERS, PATIENTS = 2000, 9000, 200
STARTS = ("08:00", "08:45", "09:30", "10:15", "11:00", "13:00", "13:45", "14:30", "15:15", "16:00")
"""Far enough apart for a visit of 30 minutes and its buffer."""
WINDOWS = (("08:00", "12:00"), ("13:00", "18:00"))

VISIT, PLAIN, SHORT = "visit", "plain", "short"
TYPES = (
    # slug, buffer after in minutes, seconds of hold, needs a chair
    (VISIT, 5, 3600, True),
    (PLAIN, 0, 3600, False),
    (SHORT, 0, 2, False),
)
"""30 minutes each. Holds outlast the run, except those whose expiry is measured."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A free 30 minutes of one dentist."""

    dentist: UUID
    resource_no: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """A patient, and the token used for their requests: their own, or the front desk's."""

    id: UUID
    token: str


def named(kind: str, number: int) -> UUID:
    return uuid5(NAMESPACE, f"{kind}:{number}")


def resource(kind: str, number: int) -> int:
    """Resource numbers: first dentists, then chairs, then patients."""
    first = {"dentist": 1, "chair": 1001, "patient": 10_001}
    return first[kind] + number


class World:
    """Callers and slots; each call of `slots` returns the next ones, in a cycle."""

    def __init__(self, settings: Settings) -> None:
        key = self._key = development.private_key(settings.development_key)
        sign = development.sign
        ids = [named("patient", OLD_PATIENTS + n) for n in range(CALLERS)]
        self.desk = sign(key, named("admin", 0), "admin", 7200)
        self.patients = [Caller(id, sign(key, id, "patient", 7200)) for id in ids[:PATIENTS]]
        """With tokens of their own."""
        free, self.booked = _timetable()
        self._slots = itertools.cycle(free)
        self._callers = itertools.cycle(Caller(id, self.desk) for id in ids)

    def readers(self, count: int) -> list[Caller]:
        """`count` patients, each with a token of their own."""
        ids = [named("patient", number) for number in range(count)]
        return [Caller(id, development.sign(self._key, id, "patient", 7200)) for id in ids]

    def slots(self, count: int) -> list[Slot]:
        return list(itertools.islice(self._slots, count))

    def callers(self, count: int) -> list[Caller]:
        """The next patients, with the front desk's token: verifying a new token is not measured."""
        return list(itertools.islice(self._callers, count))


def _timetable() -> tuple[list[Slot], list[Slot]]:
    """All slots, free and booked, each list in a random order that is the same in each run."""
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
