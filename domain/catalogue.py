"""Where one can book and what: clinics, appointment types, and what can be taken once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Clinic:
    id: UUID
    name: str
    time_zone: str
    """IANA; opening hours are read in it."""
    slot_grid_minutes: int
    """Slots start at multiples of this, counted from midnight."""
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AppointmentType:
    """The terms of a kind of visit at one clinic. Bookings keep those they were made under."""

    id: UUID
    clinic_id: UUID
    slug: str
    name: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    lead_time_minutes: int
    """How long before its start it must be booked."""
    horizon_days: int
    """How far ahead it can be booked."""
    hold_seconds: int
    approval_minutes: int
    """How long the clinic has to approve it, where it needs approval."""
    cancel_notice_minutes: int
    """How long before its start a patient can still cancel it."""
    needs_chair: bool
    needs_approval: bool
    bookable_online: bool
    version: int
    updated_at: datetime


class ResourceKind(StrEnum):
    """What of a clinic can be in one place only."""

    DENTIST = "dentist"
    CHAIR = "chair"


@dataclass(frozen=True, slots=True)
class Resource:
    no: int
    clinic_id: UUID
    kind: ResourceKind
    active: bool
    """Whether it can be booked anew; what is booked stays."""
    version: int
    updated_at: datetime
    name: str | None = None
    """A dentist's is the name in their profile."""
    profile_id: UUID | None = None
    """The dentist's."""
