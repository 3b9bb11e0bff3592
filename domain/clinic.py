"""A clinic's dentists, their schedules, and the terms under which they can be booked."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.hours import Hours
from domain.schedules import State, Terms


@dataclass(frozen=True, slots=True)
class Dentist:
    id: UUID
    full_name: str
    specialty: str
    clinic_id: UUID
    time_zone: str
    bio: str | None = None
    next_free_at: datetime | None = None
    """The next free start of the shortest type that can be booked online."""


@dataclass(frozen=True, slots=True)
class BookingTerms:
    """What decides whether a start can be booked with a dentist under an appointment type: the
    type's terms and the dentist's hours, read at one instant.
    """

    clinic_id: UUID
    dentist_id: UUID
    dentist_no: int
    stamp: str
    """The version of the rows that this was read from; each change of them gives another one."""
    terms: Terms
    hours: Hours
    now: datetime
    """The database's clock."""
    moved_id: UUID | None = None
    """The booking to be moved; its own claims do not block it."""
    kept_start: datetime | None = None
    """That booking's present start; lead time and horizon do not apply to it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A dentist's hours with all exceptions, including the clinic's and past ones."""

    dentist_id: UUID
    dentist_no: int
    clinic_id: UUID
    hours: Hours
    version: int
    """Incremented by each change, including changes of the clinic's exceptions."""
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BoardSlot:
    """A slot of one dentist; times are in the requested zone, by default the clinic's."""

    dentist_id: UUID
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    """The clinic's zone, IANA."""
    state: State
    held_until: datetime | None = None
