"""Appointments, their commands and results. One class serves as row and as JSON answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from domain.actors import Actor, Role
from domain.booking import Outcome, Status, Verb
from domain.idempotency import Key
from domain.patient_limits import Limits
from domain.schedules import Reason

Texts = Mapping[str, str | None]
"""Texts of a booking to write, by column (`notes`, `staff_notes`, `cancel_note`). Null deletes a
text; absent ones stay unchanged. They are only ever shown to those who may read them.
"""

NO_TEXTS: Texts = MappingProxyType({})

OVERRIDE = "override"
"""The reason recorded in the history when staff use `override`."""


class Via(StrEnum):
    """Which component carried out a command. Only changes via the API are sent to the workflow: it
    knows its own, and expires an overdue hold itself if no sweep did.
    """

    API = "api"
    WORKFLOW = "workflow"
    SWEEP = "sweep"
    """The API process that expires overdue holds (workflows/reconciler.py), or a command that takes
    the slot of an overdue hold and so expires it.
    """


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booking in any state; while `held` it is what the API calls a reservation. Instants are
    UTC.
    """

    id: UUID
    clinic_id: UUID
    dentist_id: UUID
    patient_id: UUID
    appointment_type: str
    status: Status
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    version: int
    created_at: datetime
    updated_at: datetime
    hold_expires_at: datetime | None = None
    notes: str | None = None
    staff_notes: str | None = None
    """Seen by staff only."""
    cancelled_by: str | None = None
    cancel_reason: str | None = None
    cancel_note: str | None = None
    """Seen by staff only."""
    server_time: datetime | None = None
    """The database's clock when this was read; only while held."""
    expires_in_seconds: float | None = None
    """Until the hold's deadline, by the database's clock; only while held, never below 0."""
    allowed: tuple[Verb, ...] = ()
    """The verbs that this caller may use now."""
    cancel_until: datetime | None = None
    """Until when patients and agents may cancel or move the visit; null once it cannot be
    cancelled.
    """
    extensions_left: int | None = None
    """How often the hold can still be extended; only while held."""
    lapsed_at: datetime | None = None
    """When it was flagged because nobody completed it; null if it was not."""
    patient_name: str | None = None
    """Seen by staff only, like the next two."""
    chair: int | None = None
    """The `no` of the chair's resource; null if the visit needs none."""
    chair_name: str | None = None
    hold_token: str | None = None
    """To be shown with each later command by the agent who made it. Only in the answer to the
    request that made it, and to its repeat under the same key.
    """


@dataclass(frozen=True, slots=True)
class Hold:
    """The command `hold`. `key`: null if the caller sent none. `limits`: null for no limits."""

    id: UUID
    command_id: UUID
    dentist_id: UUID
    patient_id: UUID
    appointment_type: str
    starts_at: datetime
    caller: UUID
    notes: str | None = None
    key: Key | None = None
    limits: Limits | None = None
    override: bool = False
    """Staff ignore hours and grid; recorded in the history."""
    token: str | None = field(default=None, repr=False)
    """The hold token that an agent must send to change this booking."""


class AgreedBy(StrEnum):
    """Who agreed, in a conversation, to what was read to them."""

    PATIENT = "patient"
    GUARDIAN = "guardian"
    """A parent or legal guardian."""
    REPRESENTATIVE = "representative"
    """Somebody else who acts for the patient, such as a carer."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What somebody agreed to when a booking was confirmed in a conversation."""

    read_back_hash: str
    """Of the text that was read to them; it cannot be guessed from the text."""
    language: str
    agreed_by: AgreedBy


@dataclass(frozen=True, slots=True)
class Change:
    """A command on an existing booking. `reason` is a code."""

    id: UUID
    verb: Verb
    command_id: UUID | None
    reason: str | None = None
    texts: Texts = field(default_factory=dict)
    key: Key | None = None
    expected_version: int | None = None
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class MoveTarget:
    """Dentist, type and start of a visit."""

    dentist_id: UUID
    appointment_type: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """The command `reschedule`; null fields stay as they are."""

    id: UUID
    command_id: UUID
    dentist_id: UUID | None = None
    starts_at: datetime | None = None
    appointment_type: str | None = None
    texts: Texts = field(default_factory=dict)
    key: Key | None = None
    expected_version: int | None = None
    override: bool = False
    """Staff ignore hours and grid; recorded in the history."""

    def target(self, before: Appointment) -> MoveTarget:
        """Dentist, type and start after the move."""
        return MoveTarget(
            self.dentist_id or before.dentist_id,
            self.appointment_type or before.appointment_type,
            self.starts_at or before.starts_at,
        )


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of a booking's audit trail."""

    version: int
    verb: str
    to_status: Status
    actor: str
    via: Via
    at: datetime
    from_status: Status | None = None
    reason: str | None = None
    moved_from: datetime | None = None
    """When the visit was to begin before it was moved to another time."""
    actor_name: str | None = None
    """Seen by staff only; null for the clinic and the system."""
    agreement: Agreement | None = None
    """Of a confirmation in a conversation."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a command, and the current booking (null if it does not exist or is not
    visible).
    """

    outcome: Outcome
    appointment: Appointment | None = None
    reason: Reason | None = None
    """Why a slot is not offered."""
    blocking: str | None = None
    """`held` or `booked`: the state of the claim that blocks the slot."""
    held_until: datetime | None = None
    """When the blocking hold expires."""
    deadline: datetime | None = None
    """The deadline that the change was checked against."""
    server_time: datetime | None = None

    def as_shown_to(self, actor: Actor) -> "Result":
        """The result as this actor may see it. Other visits of a patient are hidden from agents:
        for them the slot is unavailable, as if the dentist were booked.
        """
        if self.outcome is Outcome.PATIENT_OVERLAP and actor.role is Role.AGENT:
            return replace(self, outcome=Outcome.SLOT, blocking="booked", held_until=None)
        return self


DONE = frozenset({Outcome.DONE, Outcome.REPEAT, Outcome.SAME})
"""Outcomes after which the command has taken effect, now or before."""
