"""What the system knows of an appointment: the row, and the JSON answer, are this one class."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from domain.actors import Actor, Role
from domain.booking import LAPSE_AFTER, LIVE, BookingState, Limits, Outcome, Status, Step, Verb
from domain.clinic import BookingTerms
from domain.idempotency import Key
from domain.schedules import Reason, Terms

Texts = Mapping[str, str | None]
"""Texts of a booking to write, by column (`notes`, `staff_notes`, `cancel_note`); null empties one,
an absent one stays. They never leave Postgres but to those who may read them.
"""

NO_TEXTS: Texts = MappingProxyType({})

OVERRIDE = "override"
"""The reason in the history of what staff booked or moved with `override`."""


class Via(StrEnum):
    """Who carried a command out. Only what came by the API must still be told to the workflow."""

    API = "api"
    WORKFLOW = "workflow"
    SWEEP = "sweep"


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
    hold_token: str | None = None
    """To be shown with each later command by the agent who made it. Only in the answer to the
    request that made it, and to its repeat under the same key.
    """


@dataclass(frozen=True, slots=True)
class Hold:
    """The command `hold`. `key`: null where the caller gave none. `limits`: what this patient may
    have already.
    """

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
    """Staff set hours and grid aside; the history says so."""
    token: str | None = field(default=None, repr=False)
    """What an agent will have to show to change this booking."""


@dataclass(frozen=True, slots=True)
class Change:
    """Every later command. `reason` is a code."""

    id: UUID
    verb: Verb
    command_id: UUID | None
    reason: str | None = None
    texts: Texts = field(default_factory=dict)
    key: Key | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Whom a visit is with, what for, and when it starts."""

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
    """Staff set hours and grid aside; the history says so."""

    def wish(self, before: Appointment) -> Place:
        """Where the booking shall be."""
        return Place(
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


@dataclass(frozen=True, slots=True)
class Result:
    """What a command came to, and the booking as it is now (null where there is none, or none to be
    seen).
    """

    outcome: Outcome
    appointment: Appointment | None = None
    reason: Reason | None = None
    """Why a slot is not offered."""
    blocking: str | None = None
    """`held` or `booked`: what is in the way of a hold."""
    held_until: datetime | None = None
    """When what is in the way may end by itself."""
    deadline: datetime | None = None
    """The deadline that a change was judged against."""
    server_time: datetime | None = None

    def as_told(self, actor: Actor) -> "Result":
        """What the actor is told. Another visit of the patient is between them and the clinic: to
        an agent the slot is unavailable, as if the dentist were booked.
        """
        if self.outcome is Outcome.PATIENT_OVERLAP and actor.role is Role.AGENT:
            return replace(self, outcome=Outcome.SLOT, blocking="booked", held_until=None)
        return self


DONE = frozenset({Outcome.DONE, Outcome.REPEAT, Outcome.SAME})
"""Outcomes after which the booking is as the command wanted it."""


def state_of(
    *,
    id: UUID,
    status: Status,
    version: int,
    clinic_id: UUID,
    dentist_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    hold_expires_at: datetime | None,
    approval_expires_at: datetime | None,
    lapsed_at: datetime | None,
    recent: list[Step],
    now: datetime,
) -> BookingState:
    """The booking as its workflow needs it: what is due next, and whether anything still is."""
    due: tuple[str, datetime] | None = None
    if status is Status.HELD and hold_expires_at:
        due = ("hold", hold_expires_at)
    elif status is Status.PENDING_APPROVAL and approval_expires_at:
        due = ("approval", approval_expires_at)
    elif status in LIVE and lapsed_at is None:
        due = ("end of visit", ends_at + LAPSE_AFTER)
    return BookingState(
        str(id),
        status,
        version,
        due=due[0] if due else "",
        due_in=(due[1] - now) / timedelta(seconds=1) if due else None,
        over=due is None,
        clinic_id=str(clinic_id),
        dentist_id=str(dentist_id),
        starts_at=starts_at.astimezone(UTC).isoformat(),
        recent=recent,
    )


@dataclass(frozen=True, slots=True)
class Pinned:
    """A booking with the terms that it keeps while its type stays."""

    appointment: Appointment
    type_id: UUID
    policy: Mapping[str, Any]
    """As `policy` made it."""

    def offer(self, offer: BookingTerms) -> BookingTerms:
        """The offer as it is to this booking, if it moves there."""
        return replace(
            offer,
            terms=self.terms(offer.terms),
            moves=self.appointment.id,
            kept_start=self.appointment.starts_at,
        )

    @property
    def notice_deadline(self) -> datetime:
        """Until when patients and agents may move it."""
        return self.appointment.starts_at - timedelta(seconds=self.policy["cancel_notice"])

    def is_at(self, offer: BookingTerms) -> bool:
        """Whether it is with that dentist and of that type already."""
        return (offer.dentist_id, offer.terms.type_id) == (
            self.appointment.dentist_id,
            self.type_id,
        )

    def terms(self, terms: Terms) -> Terms:
        """The terms that the visit has under `terms` of a type: its own where that is its type, but
        for lead time and horizon, which are those of today.
        """
        if terms.type_id != self.type_id:
            return terms
        return replace(
            terms,
            duration=self.appointment.ends_at - self.appointment.starts_at,
            buffer_before=timedelta(seconds=self.policy["buffer_before"]),
            buffer_after=timedelta(seconds=self.policy["buffer_after"]),
            hold_for=timedelta(seconds=self.policy["hold_for"]),
            approval_for=timedelta(seconds=self.policy["approval_for"]),
            cancel_notice=timedelta(seconds=self.policy["cancel_notice"]),
            needs_chair=self.policy["needs_chair"],
            needs_approval=self.policy["needs_approval"],
        )


def policy(terms: Terms) -> dict[str, float | bool]:
    """The terms that a booking keeps whatever becomes of its type later; durations in seconds."""
    second = timedelta(seconds=1)
    return {
        "buffer_before": terms.buffer_before / second,
        "buffer_after": terms.buffer_after / second,
        "hold_for": terms.hold_for / second,
        "approval_for": terms.approval_for / second,
        "cancel_notice": terms.cancel_notice / second,
        "needs_chair": terms.needs_chair,
        "needs_approval": terms.needs_approval,
    }
