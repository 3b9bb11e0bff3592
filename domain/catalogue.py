"""Clinics, appointment types and resources (dentists and chairs)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Clinic:
    id: UUID
    name: str
    time_zone: str
    """IANA name; opening hours are local times of this zone."""
    slot_grid_minutes: int
    """Slots start at multiples of this after local midnight."""
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AppointmentType:
    """The terms of one kind of visit at one clinic. A booking keeps the terms it was made under."""

    id: UUID
    clinic_id: UUID
    slug: str
    name: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    lead_time_minutes: int
    """Minimum time between booking and start."""
    horizon_days: int
    """Maximum time between booking and start."""
    hold_seconds: int
    approval_minutes: int
    """Time that the clinic has to approve a booking, if the type needs approval."""
    cancel_notice_minutes: int
    """Minimum time before the start at which a patient can cancel or move it."""
    needs_chair: bool
    needs_approval: bool
    bookable_online: bool
    version: int
    updated_at: datetime


class ResourceKind(StrEnum):
    """Resources of a clinic that one visit at a time can use."""

    DENTIST = "dentist"
    CHAIR = "chair"


@dataclass(frozen=True, slots=True)
class Resource:
    no: int
    clinic_id: UUID
    kind: ResourceKind
    active: bool
    """Whether it can be booked; existing bookings are not affected."""
    version: int
    updated_at: datetime
    name: str | None = None
    """A chair's name; for a dentist, the name in the profile."""
    profile_id: UUID | None = None
    """For dentists only."""
