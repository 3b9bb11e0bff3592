"""Maps each outcome of a command to a problem that says what is wrong, then what to do."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from api.http.errors import Problem, not_found
from api.http.idempotency import KEY_REUSED
from domain.appointments import Result
from domain.booking import MAX_EXTENSIONS, Outcome
from domain.clinic import BoardSlot
from domain.patient_limits import BOOKING_QUOTA
from domain.schedules import Reason

INVALID = (
    "invalid_transition",
    "Not possible while the appointment is {current}; possible now: {can}.",
)

REFUSALS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.SLOT: (
        "slot_unavailable",
        "The slot is {blocking}; choose one of the alternatives, or search again.",
    ),
    Outcome.PATIENT_OVERLAP: (
        "patient_overlap",
        "The patient already has a {blocking} slot at this time; choose another time, or cancel"
        " that one.",
    ),
    Outcome.NOT_OFFERED: ("slot_not_offered", "The clinic does not offer this time: {why}."),
    Outcome.NO_CHAIR: ("slot_not_offered", "The clinic does not offer this time: {why}."),
    Outcome.QUOTA: (
        "hold_quota",
        "Hold limit reached; confirm or release one of the patient's holds.",
    ),
    Outcome.BOOKING_QUOTA: (
        "booking_quota",
        f"Booking limit reached: {BOOKING_QUOTA} upcoming appointments per patient;"
        " cancel one, or ask the clinic.",
    ),
    Outcome.CONVERSATION_QUOTA: (
        "conversation_quota",
        "Hold limit of this conversation reached; confirm or cancel one of its holds.",
    ),
    Outcome.AGENT_QUOTA: (
        "agent_quota",
        "Hold limit of this agent reached; confirm or release holds, or retry after Retry-After.",
    ),
    Outcome.DENTIST_DAY_QUOTA: (
        "dentist_day_quota",
        "Agents already hold as much of this dentist's day as they may; choose another day or"
        " dentist, or retry after Retry-After.",
    ),
    Outcome.COOLDOWN: (
        "hold_cooldown",
        "The patient has held and released this time repeatedly; retry after Retry-After,"
        " book it directly, or choose another time.",
    ),
    Outcome.KEY_REUSED: ("idempotency_key_reused", KEY_REUSED),
    Outcome.EXPIRED: (
        "hold_expired",
        "The deadline has passed and the slot is free again; hold a slot again.",
    ),
    Outcome.TOO_LATE: (
        "too_late_to_cancel",
        "The deadline to cancel or move this appointment has passed; ask the clinic.",
    ),
    Outcome.TOO_EARLY: (
        "invalid_transition",
        "Too early; repeat the request at or after {not_before:%Y-%m-%d %H:%M} UTC.",
    ),
    Outcome.VERSION: (
        "version_conflict",
        "The appointment has changed since the version in If-Match; load it again.",
    ),
    Outcome.NOT_HOLDER: (
        "forbidden",
        "The hold token is missing or wrong; send this booking's hold_token, as the argument"
        " of a verb or else in X-Hold-Token.",
    ),
    Outcome.EXTENDED_ENOUGH: (
        "invalid_transition",
        f"Extension limit reached: {MAX_EXTENSIONS} per hold; confirm or release the hold.",
    ),
}
"""Code and sentence of each outcome; all others use INVALID."""

YOURS = "You already have this slot {blocking}; use appointment_id, or cancel it first."

QUOTAS = frozenset({"conversation_quota", "agent_quota", "dentist_day_quota"})

WAIT = frozenset({"hold_quota", "booking_quota", "hold_cooldown"}) | QUOTAS
"""Codes with `Retry-After`: the refusal ends by itself."""

WHY: Mapping[Reason | None, str] = {
    Reason.NOT_BOOKABLE: "the dentist no longer takes bookings; choose another dentist_id, or ask"
    " the clinic",
    Reason.NOT_ONLINE: "only staff can book this type; ask the clinic, or choose another type",
    Reason.PAST: "it is in the past; choose a later one",
    Reason.LEAD_TIME: "it is too soon for this appointment type; choose a later one",
    Reason.HORIZON: "it is too far ahead for this appointment type; choose an earlier one",
    Reason.CLOSED: "the dentist has no hours on that day; choose another day",
    Reason.OUTSIDE_HOURS: "the visit does not fit into the dentist's hours; choose another time",
    Reason.OFF_GRID: "visits do not start at this minute; choose a start from the list of slots",
    Reason.NO_CHAIR: "no chair is free then; choose another time",
}


def refusal(
    result: Result, alternatives: list[BoardSlot] | None = None, mine: UUID | None = None
) -> Problem:
    """The problem for an unsuccessful outcome. `mine`: the caller's own booking that blocks it."""
    if result.outcome in (Outcome.NOT_FOUND, Outcome.NOT_VISIBLE):
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
    """Further fields of a problem with this code."""
    booking, now = result.appointment, result.server_time
    match code:
        case "slot_unavailable" | "patient_overlap":
            until = result.held_until
            return {"blocking": result.blocking, "held_until": until, "server_time": now}
        case "slot_not_offered":
            no_chair = result.outcome is Outcome.NO_CHAIR
            return {"reason": Reason.NO_CHAIR if no_chair else result.reason}
        case _ if code in WAIT:
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
                "allowed": booking.allowed,
                "not_before": early,
            }
        case _:
            return {}


def _seconds(until: datetime | None, now: datetime | None) -> str:
    return str(max(1, ceil((until - now).total_seconds()))) if until and now else "1"
