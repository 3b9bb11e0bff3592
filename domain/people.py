"""People: profiles, grants and account status."""

from dataclasses import astuple, dataclass
from datetime import datetime
from uuid import UUID

from domain.actors import Actor, Role

PERSONAL = frozenset({"full_name", "email", "phone", "time_zone", "locale"})
"""Personal fields: people may change their own, and an erasure blanks them."""

LINKED_PATIENTS = 8
"""How many linked patients one patient may create, removed ones included until they are erased."""

DENTIST_ACCESS_YEARS = 10
"""How long after a visit its dentist may look up the patient's profile."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person or a service. `clinic_id` and the fields after it are set for dentists only."""

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
    """Who created the profile; null if it was created at the first call with its own token."""
    erased_at: datetime | None = None
    clinic_id: UUID | None = None
    specialty: str | None = None
    bio: str | None = None
    bookable: bool | None = None
    clinic_ids: list[UUID] | None = None
    """The clinics of a receptionist, in order; null for all others."""
    invited: bool | None = None
    """True while the profile waits for the first sign-in with its e-mail address."""


@dataclass(frozen=True, slots=True)
class GrantedAgent:
    """An agent that may act for a patient."""

    id: UUID
    full_name: str
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class LinkedPatient:
    """A patient without a login, for whom another patient books."""

    id: UUID
    full_name: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """The role and active flag of a profile, which decide what its tokens may do."""

    role: Role
    active: bool
    clinic_ids: frozenset[UUID] = frozenset()
    """The clinics of a receptionist."""
    claimed: UUID | None = None
    """The profile that the login claimed by an invitation; null if it has its own."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How many texts an erasure blanked, and how many live appointments are left to staff."""

    profile: int
    notes: int
    """Appointments whose notes were blanked."""
    cancel_notes: int
    staff_notes: int
    schedule_reasons: int
    """Exceptions of a dentist's schedule whose reasons were blanked."""
    live_appointments: int
    """Appointments of this patient or dentist that still take place unless they are cancelled."""

    def plus(self, other: "Erased") -> "Erased":
        """The sum of both."""
        sums = [a + b for a, b in zip(astuple(self), astuple(other), strict=True)]
        return Erased(*sums)


def disagreement(actor: Actor, status: AccountStatus | None) -> str | None:
    """Why a valid token is rejected: its role or the profile's active flag; null if it is not."""
    if status is None:
        return f"This {actor.role} has no profile; ask an admin to create one."
    if not status.active:
        return "This profile is deactivated; ask an admin."
    if status.role is not actor.role:
        return (
            f"The token's role is {actor.role}, but the profile's is {status.role};"
            " get a new token."
        )
    return None
