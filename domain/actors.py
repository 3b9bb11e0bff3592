"""Actors: a role and, for people and services that log in, an id."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self, assert_never
from uuid import UUID


class Role(StrEnum):
    ADMIN = "admin"
    DENTIST = "dentist"
    DESK = "desk"
    """Receptionist: bookings, patients and schedules of the clinics they work at."""
    PATIENT = "patient"
    AGENT = "agent"
    CLINIC = "clinic"
    """Staff using Temporal's Web UI or command line, without a token."""
    SYSTEM = "system"
    """Automatic changes: expiry, sweep, lapse."""


@dataclass(frozen=True, slots=True)
class Actor:
    role: Role
    id: UUID | None = None

    def __str__(self) -> str:
        """`role:id`, as the audit trail stores it and as it may go through Temporal."""
        return f"{self.role}:{self.id}" if self.id else str(self.role)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The actor that `str()` wrote. Raises ValueError for anything else: people have an id, the
        clinic and the system have none.
        """
        role, colon, id = text.partition(":")
        if bool(colon) is (role in (Role.CLINIC, Role.SYSTEM)):
            raise ValueError("people need an id, the clinic and the system have none")
        return cls(Role(role), UUID(id) if colon else None)

    @property
    def is_staff(self) -> bool:
        """Whether they act for the clinic, and are not bound by patients' terms such as the cancel
        notice.
        """
        return self.role in (Role.ADMIN, Role.DENTIST, Role.DESK, Role.CLINIC, Role.SYSTEM)

    @property
    def sees_all(self) -> bool:
        return self.role in (Role.ADMIN, Role.CLINIC, Role.SYSTEM)

    @property
    def side(self) -> str:
        """Who is recorded as cancelling: `clinic`, `patient` or `agent`."""
        match self.role:
            case Role.ADMIN | Role.DENTIST | Role.DESK | Role.CLINIC | Role.SYSTEM:
                return "clinic"
            case Role.PATIENT | Role.AGENT:
                return str(self.role)
            case _:
                assert_never(self.role)


VISITOR = Actor(Role.PATIENT)
"""Somebody without a token: answered like a patient of whom nothing is known."""

CLINIC = Actor(Role.CLINIC)
SYSTEM = Actor(Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Scope:
    """The bookings that an actor may see and change: those of one patient, of one dentist, of
    the clinics of one receptionist (`desk_id`), or those made by one agent for patients whom it
    acts for; all if no field is set. `token`: the hold token that the caller sent.
    """

    patient_id: UUID | None = None
    dentist_id: UUID | None = None
    agent_id: UUID | None = None
    token: str | None = None
    desk_id: UUID | None = None

    @property
    def by_staff(self) -> bool:
        """Whether the caller acts for the clinic, and so sees names, chairs and staff notes."""
        return self.patient_id is None and self.agent_id is None

    def narrowed(self) -> dict[str, str]:
        """The field that is set, by column name; empty for all bookings."""
        fields = {
            "patient_id": self.patient_id,
            "dentist_id": self.dentist_id,
            "desk_id": self.desk_id,
            "agent_id": self.agent_id,
        }
        return {name: str(id) for name, id in fields.items() if id}


def scope(actor: Actor, token: str | None = None) -> Scope:
    """Patients and dentists: their own. Receptionists: those of their clinics. Agents: those they
    made as agents. Admins and the clinic: all.
    """
    match actor.role:
        case Role.PATIENT:
            return Scope(patient_id=actor.id, token=token)
        case Role.DENTIST:
            return Scope(dentist_id=actor.id)
        case Role.DESK:
            return Scope(desk_id=actor.id)
        case Role.AGENT:
            return Scope(agent_id=actor.id, token=token)
        case Role.ADMIN | Role.CLINIC | Role.SYSTEM:
            return Scope()
        case _:
            assert_never(actor.role)
