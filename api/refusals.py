"""What each outcome of a command is to its caller, as a problem."""

from datetime import datetime
from typing import Any

from api.errors import Problem, not_found
from domain.appointments import Result
from domain.booking import MAX_EXTENSIONS, Outcome, allowed


def refusal(result: Result, alternatives: list[Any] | None = None) -> Problem:
    """The problem that a command's outcome is to its caller; for outcomes that are no success."""
    now = result.server_time
    match result.outcome:
        case Outcome.SLOT | Outcome.PATIENT_OVERLAP as outcome:
            code = "slot_unavailable" if outcome is Outcome.SLOT else "patient_overlap"
            what = (
                "This slot is" if outcome is Outcome.SLOT else "At this time the patient is already"
            )
            return Problem(
                code,
                f"{what} {result.blocking}.",
                blocking=result.blocking,
                held_until=result.held_until,
                server_time=now,
                alternatives=alternatives,
            )
        case Outcome.NO_CHAIR:
            return _not_offered("no_chair", alternatives)
        case Outcome.NOT_OFFERED:
            return _not_offered(str(result.reason), alternatives)
        case Outcome.QUOTA:
            return Problem(
                "hold_quota",
                "This patient holds as many slots as one may; confirm or release one first.",
                headers={"Retry-After": _seconds(result.held_until, now)},
                held_until=result.held_until,
                server_time=now,
            )
        case Outcome.KEY_REUSED:
            return Problem(
                "idempotency_key_reused", "This Idempotency-Key was used for another request."
            )
        case Outcome.EXPIRED:
            return Problem(
                "hold_expired",
                "The hold's deadline has passed.",
                hold_expires_at=result.deadline,
                server_time=now,
                alternatives=alternatives,
            )
        case Outcome.TOO_LATE:
            return Problem(
                "too_late_to_cancel",
                "The time for cancelling this appointment is over; ask the clinic.",
                deadline=result.deadline,
                server_time=now,
            )
        case Outcome.VERSION:
            return Problem(
                "version_conflict",
                "The appointment has changed since the version you named.",
                version=result.appointment.version if result.appointment else None,
            )
        case Outcome.NOT_FOUND:
            return not_found()
        case Outcome.NOT_HOLDER:
            return Problem(
                "forbidden", "Show this booking's hold_token in the header X-Hold-Token."
            )
        case _:
            return _invalid_transition(result)


def _not_offered(reason: str, alternatives: list[Any] | None) -> Problem:
    return Problem(
        "slot_not_offered",
        f"The clinic does not offer this time: {reason.replace('_', ' ')}.",
        reason=reason,
        alternatives=alternatives,
    )


def _invalid_transition(result: Result) -> Problem:
    status = result.appointment.status if result.appointment else None
    why = f"This cannot be done to an appointment that is {status}."
    if result.outcome is Outcome.EXTENDED_ENOUGH:
        why = f"A hold can be extended {MAX_EXTENSIONS} times, and this one has been."
    return Problem(
        "invalid_transition", why, current=status, allowed=allowed(status) if status else []
    )


def _seconds(until: datetime | None, now: datetime | None) -> str:
    return str(max(1, round((until - now).total_seconds()))) if until and now else "1"
