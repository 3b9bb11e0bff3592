"""Schedules in requests and answers. They have the same shape, so that an answer can be edited and
sent back.
"""

from datetime import datetime, time
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from api.http.body import Body
from api.http.read_only import AcceptsReadOnly
from api.http.texts import Remark
from api.http.values import Day, Number
from domain.appointments import Appointment
from domain.clinic import Schedule
from domain.hours import ExceptionKind, Hours, ScheduleException, Window

MOST_WINDOWS = 100
MOST_EXCEPTIONS = 400

WallTime = Annotated[
    str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), Field(examples=["08:30"])
]
"""A local time of the clinic, "HH:MM". As an end, "00:00" is the end of the day."""


class WeeklyHours(Body):
    """Open from `starts` to `ends` on this weekday. If `ends` is not later than `starts`, it is on
    the next day. `valid_from` and `valid_to` are included.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"valid_from", "valid_to"})

    weekday: Annotated[int, Field(ge=0, le=6, description="0 is Monday."), Number]
    starts: WallTime
    ends: WallTime
    valid_from: Day | None = None
    valid_to: Day | None = None

    @classmethod
    def of(cls, window: Window) -> Self:
        return cls(
            weekday=window.weekday,
            starts=f"{window.starts:%H:%M}",
            ends=f"{window.ends:%H:%M}",
            valid_from=window.valid_from,
            valid_to=window.valid_to,
        )

    def window(self) -> Window:
        starts, ends = time.fromisoformat(self.starts), time.fromisoformat(self.ends)
        return Window(self.weekday, starts, ends, self.valid_from, self.valid_to)


class DateException(Body):
    """Other hours on one date: `hours` replaces the weekly hours, `open` adds time, `closed`
    removes time and wins. A dentist's exceptions win over the clinic's, so that one dentist can
    work on a holiday. Without times it is the whole day; `hours` requires both.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"starts", "ends", "reason"})

    on_date: Day
    kind: ExceptionKind
    starts: WallTime | None = None
    ends: WallTime | None = None
    reason: Remark = None

    @classmethod
    def of(cls, exception: ScheduleException, *, private: bool = True) -> Self:
        """`private`: include the reason of a dentist's own exception."""
        return cls(
            on_date=exception.on_date,
            kind=exception.kind,
            starts=exception.starts and f"{exception.starts:%H:%M}",
            ends=exception.ends and f"{exception.ends:%H:%M}",
            reason=exception.reason if private or exception.clinic_wide else None,
        )

    def exception(self, clinic_wide: bool) -> ScheduleException:
        starts = time.fromisoformat(self.starts) if self.starts else None
        ends = time.fromisoformat(self.ends) if self.ends else None
        return ScheduleException(self.on_date, starts, ends, self.kind, self.reason, clinic_wide)


class ShownSchedule(BaseModel):
    dentist_id: UUID
    clinic_id: UUID
    time_zone: str
    slot_grid_minutes: int
    weekly: list[WeeklyHours]
    exceptions: list[DateException]
    """Those of the dentist."""
    clinic_exceptions: list[DateException]
    """Those of the whole clinic, which apply too."""
    version: int
    updated_at: datetime

    @classmethod
    def of(cls, schedule: Schedule, hours: Hours, *, private: bool) -> Self:
        """The schedule with these hours. `private`: include the reasons of the dentist's own
        exceptions.
        """
        own = [e for e in hours.exceptions if not e.clinic_wide]
        clinic = [e for e in hours.exceptions if e.clinic_wide]
        return cls(
            dentist_id=schedule.dentist_id,
            clinic_id=schedule.clinic_id,
            time_zone=hours.time_zone,
            slot_grid_minutes=hours.grid_minutes,
            weekly=[WeeklyHours.of(window) for window in hours.weekly],
            exceptions=[DateException.of(e, private=private) for e in own],
            clinic_exceptions=[DateException.of(e) for e in clinic],
            version=schedule.version,
            updated_at=schedule.updated_at,
        )


class ScheduleReplaced(BaseModel):
    schedule: ShownSchedule
    conflicts: list[Appointment]
    """Upcoming bookings that are outside the hours now, by start, at most 1,000. They are not
    changed; staff must look at them.
    """
    conflicts_total: int
    """The number of all conflicts."""
    dry_run: bool
    """True if nothing was changed: `schedule` shows the result, with the present version."""


class ClinicExceptions(BaseModel):
    clinic_id: UUID
    exceptions: list[DateException]
    version: int


class ExceptionsReplaced(ClinicExceptions):
    conflicts: list[Appointment]
    """Upcoming bookings that are outside their dentist's hours now, as for a schedule."""
    conflicts_total: int
    dry_run: bool


class ProposedExceptions(AcceptsReadOnly, Body):
    SHAPE: ClassVar[type] = ClinicExceptions

    exceptions: list[DateException] = Field(max_length=MOST_EXCEPTIONS)

    def dates(self, *, clinic_wide: bool = False) -> list[ScheduleException]:
        return [each.exception(clinic_wide) for each in self.exceptions]


class ProposedSchedule(ProposedExceptions):
    """All hours of a dentist. Weekly hours and exceptions that it does not contain are deleted."""

    SHAPE: ClassVar[type] = ShownSchedule

    weekly: list[WeeklyHours] = Field(max_length=MOST_WINDOWS)

    def windows(self) -> list[Window]:
        return [each.window() for each in self.weekly]
