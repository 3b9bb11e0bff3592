"""What rows, event log and workflows say at the end of a run."""

from dataclasses import dataclass, field

from tests.faults.history import STOPPED, Attempt, Caller, Reader, Silence

LIVE = frozenset({"held", "pending_approval", "booked", "checked_in", "in_treatment"})
STARVED = 1.0
"""Seconds without a CPU that explain an attempt without an answer."""

RUNNING, COMPLETED = "RUNNING", "COMPLETED"


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment."""

    id: str
    status: str
    version: int
    dentist: str
    patient: str
    starts_at: float
    ends_at: float
    deadline: float
    """When the hold ended."""


@dataclass(frozen=True, slots=True)
class Step:
    """A row of appointment_transitions."""

    booking: str
    version: int
    verb: str
    before: str | None
    after: str
    at: float


@dataclass(frozen=True, slots=True)
class Workflow:
    """The latest run of a booking's workflow."""

    state: str
    """RUNNING, COMPLETED, FAILED …"""
    status: str | None = None
    """Of the booking, in the result of a completed workflow."""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """A row of realtime_events."""

    seq: int
    topic: str
    kind: str
    entity: str
    version: int | None
    slot: str = ""
    """Of a board event: dentist, start and end. Only its latest state must reach a slow reader."""


@dataclass(slots=True)
class Evidence:
    callers: list[Caller]
    readers: list[Reader]
    silences: list[Silence] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    """By the booking's id."""
    log: list[Logged] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)
    """What was still not settled when the wait for it ended."""
    unexpected: list[str] = field(default_factory=list)
    """Processes that ended by themselves."""
    tracebacks: list[str] = field(default_factory=list)
    """Where the log of an API has one: outages are logged by name, so it is a fault of ours."""

    def stopped(self, attempt: Attempt) -> bool:
        """Whether SIGSTOP had stopped its server meanwhile, or it had no CPU for STARVED."""
        waits = [(each.cause, each.overlap(attempt)) for each in self.silences]
        stopped = any(cause == STOPPED and seconds for cause, seconds in waits)
        return stopped or sum(seconds for _, seconds in waits) >= STARVED
