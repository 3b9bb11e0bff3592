"""What each outcome of a command is to its caller, as a problem: what happened, and what to do."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from api.http.errors import Problem, not_found
from domain.appointments import Result
from domain.booking import BOOKING_QUOTA, MAX_EXTENSIONS, Outcome, allowed
from domain.clinic import BoardSlot
from domain.schedules import Reason

INVALID = (
    "invalid_transition",
    "This cannot be done to an appointment that is {current}; what can: {can}.",
)

REFUSALS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.SLOT: (
        "slot_unavailable",
        "This slot is {blocking}; take one of the alternatives, or search again.",
    ),
    Outcome.PATIENT_OVERLAP: (
        "patient_overlap",
        "At this time the patient has another slot {blocking}; choose another time, or give that"
        " one up.",
    ),
    Outcome.NOT_OFFERED: ("slot_not_offered", "The clinic does not offer this time: {why}."),
    Outcome.NO_CHAIR: ("slot_not_offered", "The clinic does not offer this time: {why}."),
    Outcome.QUOTA: (
        "hold_quota",
        "This patient holds as many slots as one may; confirm or release one first.",
    ),
    Outcome.BOOKING_QUOTA: (
        "booking_quota",
        f"This patient has {BOOKING_QUOTA} visits ahead, as many as can be booked online;"
        " cancel one first, or ask the clinic.",
    ),
    Outcome.COOLDOWN: (
        "hold_cooldown",
        "This patient held this time and gave it up more than once; hold it again after"
        " Retry-After, book it at once, or choose another time.",
    ),
    Outcome.KEY_REUSED: (
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request here; make a new key for a new request.",
    ),
    Outcome.EXPIRED: (
        "hold_expired",
        "The deadline has passed, and its time is open to others again; hold a slot anew.",
    ),
    Outcome.TOO_LATE: (
        "too_late_to_cancel",
        "It is too late to cancel or move this appointment; ask the clinic.",
    ),
    Outcome.TOO_EARLY: (
        "invalid_transition",
        "It is too early for this; do it from {not_before:%Y-%m-%d %H:%M} UTC on.",
    ),
    Outcome.VERSION: (
        "version_conflict",
        "The appointment has changed since the version you named; load it again.",
    ),
    Outcome.NOT_HOLDER: (
        "forbidden",
        "Show this booking's hold_token in the header X-Hold-Token.",
    ),
    Outcome.EXTENDED_ENOUGH: (
        "invalid_transition",
        f"A hold can be extended {MAX_EXTENSIONS} times, and this one has been; confirm it.",
    ),
}
"""The code and the sentence of each; all others are INVALID."""

YOURS = (
    "This slot is {blocking} by you already, as appointment_id; use that one, or give it up first."
)

WAIT = frozenset({"hold_quota", "booking_quota", "hold_cooldown"})
"""Codes with `Retry-After`: when what refuses ends by itself."""

WHY: Mapping[Reason | None, str] = {
    Reason.NOT_BOOKABLE: "its dentist takes no bookings any more; name another dentist_id, or ask"
    " the clinic",
    Reason.NOT_ONLINE: "its staff alone book this type; ask the clinic, or choose another type",
    Reason.PAST: "it has passed",
    Reason.LEAD_TIME: "it is too soon for this type of visit; choose a later one",
    Reason.HORIZON: "it is too far ahead for this type of visit; choose an earlier one",
    Reason.CLOSED: "the dentist has no hours on that day; choose another day",
    Reason.OUTSIDE_HOURS: "not all of the visit lies within the dentist's hours",
    Reason.OFF_GRID: "visits do not start at this minute; take a start from the list of slots",
    Reason.NO_CHAIR: "no chair is free then; choose another time",
}


def refusal(
    result: Result, alternatives: list[BoardSlot] | None = None, mine: UUID | None = None
) -> Problem:
    """The problem that a command's outcome is to its caller; for outcomes that are no success.
    `mine`: the caller's own booking that is in the way.
    """
    if result.outcome in (Outcome.NOT_FOUND, Outcome.NOT_SEEN):
        return not_found()
    code, sentence = REFUSALS.get(result.outcome, INVALID)
    sentence = YOURS if mine else sentence
    facts = _facts(code, result)
    wait = _seconds(result.held_until, result.server_time)
    return Problem(
        code,
        sentence.format(
            why=WHY.get(facts.get("reason")),
            can=", ".join(facts.get("allowed", ())) or "nothing",
            **facts,
        ),
        headers={"Retry-After": wait} if code in WAIT else None,
        alternatives=alternatives,
        yours=True if mine else None,
        appointment_id=mine,
        **facts,
    )


def _facts(code: str, result: Result) -> dict[str, Any]:
    """What a problem of this code carries beside its sentence."""
    booking, now = result.appointment, result.server_time
    match code:
        case "slot_unavailable" | "patient_overlap":
            until = result.held_until
            return {"blocking": result.blocking, "held_until": until, "server_time": now}
        case "slot_not_offered":
            no_chair = result.outcome is Outcome.NO_CHAIR
            return {"reason": Reason.NO_CHAIR if no_chair else result.reason}
        case "hold_quota" | "booking_quota" | "hold_cooldown":
            return {"held_until": result.held_until, "server_time": now}
        case "hold_expired":
            return {"hold_expires_at": result.deadline, "server_time": now}
        case "too_late_to_cancel":
            return {"deadline": result.deadline, "server_time": now}
        case "version_conflict" if booking:
            return {"version": booking.version}
        case "invalid_transition" if booking:
            early = result.deadline if result.outcome is Outcome.TOO_EARLY else None
            return {
                "current": booking.status,
                "allowed": allowed(booking.status),
                "not_before": early,
            }
        case _:
            return {}


def _seconds(until: datetime | None, now: datetime | None) -> str:
    return str(max(1, ceil((until - now).total_seconds()))) if until and now else "1"
