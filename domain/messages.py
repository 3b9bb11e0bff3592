"""What goes through Temporal: ids, codes and times, nothing personal.

Every field has a default, so that a person at the Web UI can send `{}` and an older history can
still be replayed.
"""

from dataclasses import dataclass, field

from domain.booking import BookingState

LOOK = "look"
"""The verb of a message that asks the workflow to read the booking's row, and for nothing else."""


@dataclass(frozen=True)
class HoldRequest:
    """What to hold, where a booking starts in Temporal without the API. Ids as text, `starts_at` in
    RFC 3339.
    """

    dentist_id: str
    patient_id: str
    appointment_type: str
    starts_at: str
    by: str = "clinic"


@dataclass(frozen=True)
class Command:
    """One message to a booking. Signals and updates fill in `verb` by their own name."""

    verb: str = ""
    id: str = ""
    """The command id; the same id again is the same command. Absent when a person sends a signal
    from the Web UI.
    """
    by: str = "clinic"
    """Who asks, as `role:id`."""
    reason: str | None = None
    """A code, never free text."""
    expected_version: int | None = None
    starts_at: str | None = None
    dentist_id: str | None = None
    """Where a `reschedule` goes."""


@dataclass(frozen=True)
class Booking:
    """The input of the booking's workflow."""

    id: str
    hold: HoldRequest | None = None
    todo: list[Command] = field(default_factory=list)
    """Commands to begin with: the one that started the workflow, or what is carried over
    continue-as-new.
    """


@dataclass(frozen=True)
class Work:
    """One call of `advance`."""

    booking: Booking
    commands: list[Command] = field(default_factory=list)


@dataclass(frozen=True)
class Done:
    """What `advance` came to: the booking's state, and the outcome of each command, in order."""

    state: BookingState
    outcomes: list[str]


@dataclass(frozen=True)
class Answer:
    """What an update answers. A refusal is a value, not a failure."""

    outcome: str
    state: BookingState
