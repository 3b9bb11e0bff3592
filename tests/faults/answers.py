"""Rules about answers: each request gets one in time, and refusals and errors have a reason."""

from collections.abc import Iterator

from tests.faults.evidence import Evidence
from tests.faults.history import NO_ANSWER

CONFLICT = "slot_unavailable"
TOO_LATE = frozenset({"hold_expired", "invalid_transition"})
"""How a confirm or release after the deadline of its hold is refused."""


def no_unexplained_refusal(evidence: Evidence) -> Iterator[str]:
    """Holds and moves are refused only for a taken slot, confirms and releases only if late."""
    for caller in evidence.callers:
        for request in caller.requests:
            allowed = {CONFLICT} if request.verb in ("hold", "move") else TOO_LATE
            if request.refused and request.code not in allowed:
                yield f"{request.verb} {request.booking}: {request.status} {request.code}"


def no_request_hangs(evidence: Evidence) -> Iterator[str]:
    """Each request got an answer or an error within BOUND, unless its server could not run
    (SIGSTOP, or no CPU: see starvation.py); and each command a definite answer in the end.
    """
    for caller in evidence.callers:
        for request in caller.requests:
            if request.status is None:
                yield f"{request.verb} {request.booking}: no definite answer"
        for attempt in caller.attempts:
            if attempt.result == NO_ANSWER and not evidence.stopped(attempt):
                yield f"{caller.name} asked {attempt.server} at {attempt.sent:.1f}: no answer"


def no_internal_error(evidence: Evidence) -> Iterator[str]:
    """A fault of another part is a 503; any other 5xx is a fault of the API."""
    for caller in evidence.callers:
        for attempt in caller.attempts:
            if attempt.result.startswith("5") and attempt.result != "503":
                yield f"{caller.name} asked {attempt.server}: {attempt.result}"


def no_process_ended_by_itself(evidence: Evidence) -> Iterator[str]:
    """Only the faults of the plan end processes."""
    yield from evidence.unexpected


def no_traceback_of_an_api(evidence: Evidence) -> Iterator[str]:
    """An outage of another part is logged by its name; a traceback is a fault of the API."""
    yield from evidence.tracebacks
