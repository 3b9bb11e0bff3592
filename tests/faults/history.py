"""What callers and readers noted during a run. All times are seconds of the machine's clock."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

NO_ANSWER = "no answer"
"""The result of an attempt that got neither an answer nor an error in time."""

NOT_DEFINITE = frozenset({"408", "425", "429"})
"""Statuses, like all from 500 on, after which a command is repeated."""

STOPPED, NO_CPU = "SIGSTOP", "no CPU"
"""Why a server cannot run."""

BOUND = 5.0
"""Seconds within which every request gets an answer or an error."""


@dataclass(frozen=True, slots=True)
class Slot:
    dentist: str
    starts_at: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request."""

    server: str
    sent: float
    ended: float
    result: str
    """The status, the name of the error, or NO_ANSWER."""

    @property
    def definite(self) -> bool:
        """Whether the client knows what it did: 2xx and most 4xx."""
        return self.result.startswith(("2", "3", "4")) and self.result not in NOT_DEFINITE


@dataclass(slots=True)
class Request:
    """One command, repeated under one Idempotency-Key until its answer was definite."""

    verb: str
    """hold, confirm, cancel, release or move."""
    key: str
    booking: str | None
    """Null for a hold that was refused or never answered."""
    slot: Slot | None = None
    """The slot that a hold or a move asked for."""
    attempts: list[Attempt] = field(default_factory=list)
    status: int | None = None
    """The definite answer; null where there was none."""
    code: str = ""
    """Why it was refused."""
    answer: dict[str, Any] = field(default_factory=dict)
    """Status, start, dentist, deadline and version of the booking, as answered."""

    @property
    def sent(self) -> float:
        return self.attempts[0].sent

    @property
    def ended(self) -> float:
        return self.attempts[-1].ended

    @property
    def done(self) -> bool:
        return self.status is not None and self.status < 300

    @property
    def refused(self) -> bool:
        return self.status is not None and self.status >= 300

    @property
    def may_take_effect(self) -> bool:
        """Whether it was not done as far as its caller knows, but may have been, or may still be
        later: an attempt had no definite answer. It may lie in the socket of a stopped server, be
        read after the caller has left, and take effect although a repeat was refused meanwhile,
        since a refusal leaves the key unused.
        """
        return not self.done and not all(attempt.definite for attempt in self.attempts)


@dataclass(slots=True)
class Caller:
    """The history of one caller, in the order of its requests."""

    name: str
    requests: list[Request] = field(default_factory=list)
    reads: list[Attempt] = field(default_factory=list)
    """Requests that change nothing, and are not repeated."""

    @property
    def attempts(self) -> list[Attempt]:
        return [*(each for request in self.requests for each in request.attempts), *self.reads]

    def write(self, directory: Path) -> None:
        """Writes it to a file of JSON lines."""
        lines = [json.dumps(asdict(request)) for request in self.requests]
        lines += [json.dumps(asdict(attempt)) for attempt in self.reads]
        (directory / f"{self.name}.jsonl").write_text("\n".join(lines) + "\n")


@dataclass(slots=True)
class Reader:
    """What one reader of an event stream heard."""

    name: str
    topics: tuple[str, ...]
    after: int | None = None
    """The number after which it was to hear every event; null before its first `ready`."""
    heard: list[int] = field(default_factory=list)
    """The numbers of the events, in the order they arrived."""
    resets: list[str] = field(default_factory=list)
    """The reasons of frames that said that events are missing."""

    @property
    def at(self) -> int:
        return self.heard[-1] if self.heard else self.after or 0

    def write(self, directory: Path) -> None:
        (directory / f"{self.name}.json").write_text(json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class Silence:
    """While a server could not run, so that its connections could not answer."""

    server: str
    since: float
    until: float
    cause: str = STOPPED

    def overlap(self, attempt: Attempt) -> float:
        """Seconds of the attempt during which its server could not run."""
        if attempt.server != self.server:
            return 0.0
        return max(0.0, min(self.until, attempt.ended) - max(self.since, attempt.sent))
