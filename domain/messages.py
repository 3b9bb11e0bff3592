"""What goes through Temporal: ids, codes and times, nothing personal. Defaults make each field
optional on the wire, so that a person at the Web UI can send `{}` and an older history can be
replayed.
"""

from dataclasses import dataclass, field, replace

from domain.booking import BookingState


@dataclass(frozen=True)
class Seen:
    """A booking as whoever tells its workflow of a commit has just read it."""

    state: BookingState
    at: float
    """When, by the database's clock, in seconds since 1970."""

    def by(self, now: float) -> BookingState:
        """The state as it is at `now`, with less time left. A clock that is behind the database's
        takes less off, and none adds any.
        """
        if self.state.due_in is None:
            return self.state
        return replace(self.state, due_in=self.state.due_in - max(0.0, now - self.at))


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
    seen: Seen | None = None
    """What became of it, where it comes from the inbox: the API has carried it out."""


@dataclass(frozen=True)
class Booking:
    """The input of the booking's workflow."""

    id: str
    hold: HoldRequest | None = None
    todo: list[Command] = field(default_factory=list)
    """Commands to begin with: the hold that the API has placed, or what is carried over
    continue-as-new.
    """


@dataclass(frozen=True)
class Work:
    """One call of `advance`."""

    booking: Booking
    commands: list[Command] = field(default_factory=list)


@dataclass(frozen=True)
class Done:
    """What `advance` came to: the booking's state, and an outcome for each command id."""

    state: BookingState
    outcomes: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What an update answers. A refusal is a value, not a failure."""

    outcome: str
    state: BookingState
