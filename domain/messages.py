"""Messages through Temporal: ids, codes and times, no personal data.

Fields have defaults, so that `{}` can be sent from the Web UI, and older histories can be replayed.
"""

from dataclasses import dataclass, field

LOOK = "look"
"""The verb of a message that only asks the workflow to read the booking's row."""


@dataclass(frozen=True)
class Step:
    """One transition, without personal data, as stored in Temporal."""

    verb: str
    status: str
    """The status that it led to."""
    at: str
    """UTC, RFC 3339, to the second."""


@dataclass(frozen=True)
class BookingState:
    """A booking as stored in Temporal: ids, codes, times and the next deadline; no
    personal data.
    """

    id: str
    status: str
    version: int
    due: str = ""
    """Name of the next deadline: `hold`, `approval`, or `end of visit` (which is LAPSE_AFTER the
    end); empty if none is left.
    """
    due_in: float | None = None
    """Seconds until the deadline by the database's clock, so that clock skew does not matter; may
    be negative.
    """
    over: bool = False
    """No deadline is left: the workflow may close."""
    clinic_id: str = ""
    """Empty, like the next two, if the booking has no row."""
    dentist_id: str = ""
    starts_at: str = ""
    """UTC, RFC 3339."""
    recent: list[Step] = field(default_factory=list)
    """The latest transitions, oldest first."""


@dataclass(frozen=True)
class HoldRequest:
    """The hold of a booking that is started in Temporal without the API. Ids as text, `starts_at`
    in RFC 3339.
    """

    dentist_id: str
    patient_id: str
    appointment_type: str
    starts_at: str
    by: str = "clinic"


@dataclass(frozen=True)
class Command:
    """One message to a booking. Signals and updates set `verb` from their name."""

    verb: str = ""
    id: str = ""
    """The command id, which makes retries idempotent. Empty in signals from the Web UI."""
    by: str = "clinic"
    """The actor, as `role:id`."""
    reason: str | None = None
    """A code, never free text."""
    expected_version: int | None = None
    starts_at: str | None = None
    dentist_id: str | None = None
    """The new dentist of a `reschedule`."""
    request_id: str = ""
    """The request of the API that carried it out, for the worker's log."""


@dataclass(frozen=True)
class BookingInput:
    """The input of the booking's workflow. `hold`: null if the booking was made through the API, as
    the row exists then.
    """

    id: str
    hold: HoldRequest | None = None
    todo: list[Command] = field(default_factory=list)
    """Initial commands: the one that started the workflow, or those carried over
    continue-as-new.
    """


@dataclass(frozen=True)
class AdvanceInput:
    """The input of the activity `advance`."""

    booking: BookingInput
    commands: list[Command] = field(default_factory=list)


@dataclass(frozen=True)
class AdvanceResult:
    """The result of the activity `advance`: the booking's state afterwards, and the outcome of each
    command, in order.
    """

    state: BookingState
    outcomes: list[str]


@dataclass(frozen=True)
class Answer:
    """The answer to an update. A refusal is an outcome, not a failure."""

    outcome: str
    state: BookingState
