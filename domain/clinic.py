"""Clinic, dentists and what is on offer."""

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
    """When the shortest visit that can be booked online can next begin."""


@dataclass(frozen=True, slots=True)
class BookingTerms:
    """All that decides whether a dentist's time may be held under an appointment type, read at one
    instant.
    """

    clinic_id: UUID
    dentist_id: UUID
    dentist_no: int
    stamp: str
    """Another one after any change of what this was read from."""
    terms: Terms
    hours: Hours
    now: datetime
    """The database's clock."""
    moves: UUID | None = None
    """The booking that is to move here: its own claims are not in its way."""
    kept_start: datetime | None = None
    """The present start of that booking, which may be kept however soon it is."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A dentist's hours with all exceptions, the clinic's and those of the past included."""

    dentist_id: UUID
    dentist_no: int
    clinic_id: UUID
    hours: Hours
    version: int
    """+1 whenever anything of it changes, the clinic's part too."""
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BoardSlot:
    """A slot of one dentist, in the wall clock of the zone that was asked for (the clinic's by
    default).
    """

    dentist_id: UUID
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    """The clinic's zone, IANA."""
    state: State
    held_until: datetime | None = None
