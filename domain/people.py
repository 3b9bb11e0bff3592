"""People: profiles, grants and account status."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.actors import Actor, Role

PERSONAL = frozenset({"full_name", "email", "phone", "time_zone", "locale"})
"""Personal fields: people may change their own, and an erasure blanks them."""

DENTIST_ACCESS_YEARS = 10
"""How long after a visit its dentist may look up the patient's profile."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person or a service. `clinic_id` and what follows it are set for dentists alone."""

    id: UUID
    role: Role
    full_name: str
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    phone: str | None = None
    time_zone: str | None = None
    """For display only; an IANA name."""
    locale: str | None = None
    created_by: UUID | None = None
    """Who made it for them; null for those who came with a token of their own."""
    erased_at: datetime | None = None
    clinic_id: UUID | None = None
    specialty: str | None = None
    bio: str | None = None
    bookable: bool | None = None
    clinic_ids: list[UUID] | None = None
    """The clinics of a receptionist, in order; null for all others."""


@dataclass(frozen=True, slots=True)
class GrantedAgent:
    """An agent that a patient lets act for them."""

    id: UUID
    full_name: str
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """The role and active flag of a profile, which decide what its tokens may do."""

    role: Role
    active: bool
    clinic_ids: frozenset[UUID] = frozenset()
    """The clinics of a receptionist."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure blanked, as counts, and what it left for staff to decide."""

    profile: int
    notes: int
    """Appointments whose notes are gone."""
    cancel_notes: int
    staff_notes: int
    schedule_reasons: int
    """Exceptions of a dentist's schedule whose reasons are gone."""
    live_appointments: int
    """Those with them, as patient or as dentist, that still take place unless somebody cancels
    them.
    """


def disagreement(actor: Actor, status: AccountStatus | None) -> str | None:
    """Why a token is not honoured: the row is the switch that revokes it. Null where they agree."""
    if status is None:
        return f"There is no profile for this token's {actor.role}; an admin can make one."
    if not status.active:
        return "This profile is not active."
    if status.role is not actor.role:
        return f"The token says {actor.role}, the profile says {status.role}."
    return None
