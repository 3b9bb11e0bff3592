"""What a language model should do after a refusal, and refusals in words that fit a verb.

A refusal is that of REST. Its `detail` may name headers and routes, which a tool does not have.
"""

from collections.abc import Mapping
from typing import Any

Body = Mapping[str, Any]

CHOOSE = (
    "Offer alternatives. When the person chooses one, call {verb} with its dentist_id, starts_at"
    " and appointment_type."
)
SEARCH = "Ask for another day, time or dentist, and call find_slots."
AGAIN = "Repeat the same call after a second. It is safe: it has one effect."

NEXT_STEPS: Mapping[str, str] = {
    "slot_unavailable": SEARCH,
    "slot_not_offered": SEARCH,
    "patient_overlap": SEARCH,
    "hold_cooldown": SEARCH,
    "dentist_day_quota": SEARCH,
    "hold_expired": SEARCH,
    "yours": "The patient has this time already. Call get_booking with appointment_id as"
    " booking_id, and tell the person.",
    "not_online": "No time helps: only the clinic books this treatment. Offer another treatment, or"
    " ask the person to call the clinic.",
    "hold_quota": "No other time helps. Call confirm_booking or cancel_booking for one of the"
    " patient's held times, or wait until held_until; then repeat the call.",
    "conversation_quota": "No other time helps. Call confirm_booking or cancel_booking for one of"
    " the times that this conversation holds, or wait until held_until; then repeat the call.",
    "agent_quota": "No other time helps. Confirm or cancel held times that are no longer wanted, or"
    " wait until held_until; then repeat the call.",
    "booking_quota": "No other time helps. Ask the person whether to cancel one of their"
    " appointments (cancel_booking) or to call the clinic.",
    "too_late_to_cancel": "Do not try again. Ask the person to call the clinic.",
    "invalid_transition": "Call get_booking, and tell the person how the appointment stands."
    " `allowed` says what is possible now.",
    "version_conflict": "Call get_booking, and repeat the call if it is still wanted.",
    "read_back_changed": "Read read_back to the person. If they agree, call confirm_booking with"
    " its read_back_hash.",
    "not_found": "Check booking_id. If it is right, you may not see the booking: ask the person to"
    " call the clinic.",
    "unknown_dentist": "Offer candidates, and call find_slots with the dentist_id of the chosen one"
    " as dentist, or without dentist.",
    "ambiguous_dentist": "Ask the person which of candidates they mean, and call find_slots with"
    " its dentist_id as dentist.",
    "forbidden": "Do not repeat the call. For a hold, or as an agent, send the hold_token that"
    " hold_slot answered with.",
    "unavailable": AGAIN,
    "rate_limited": "Wait some seconds, then repeat the same call.",
    "validation_failed": "Correct the arguments that errors names, and call again.",
}
"""By kind of refusal: what to do if no alternatives are offered."""

DETAILS: Mapping[str, str] = {
    "hold_quota": "The patient has as many held times as they may; confirm or cancel one of them,"
    " or call again at held_until.",
    "agent_quota": "This agent holds as many times as it may; confirm or cancel held times, or call"
    " again at held_until.",
    "dentist_day_quota": "Agents already hold as much of this dentist's day as they may; choose"
    " another day or dentist, or call again at held_until.",
    "hold_cooldown": "This time was held and given up repeatedly; choose another time, or call"
    " again at held_until.",
    "version_conflict": "The appointment has just changed; call get_booking.",
    "unavailable": "The server cannot do this now; repeat the same call.",
}
"""The details that name what only REST has, in other words."""

MESSAGES: Mapping[tuple[str, str], str] = {
    ("dentist_id", "not_bookable"): "unknown or not bookable; use a dentist_id of find_slots",
}
"""The same for errors of arguments, by field and code."""


def kind_of(body: Body) -> str:
    """The code; or what is known more exactly: `yours` or `not_online`."""
    if body.get("yours"):
        return "yours"
    return "not_online" if body.get("reason") == "not_online" else str(body["code"])


def next_step(kind: str, verb: str, *, alternatives: bool) -> str:
    """What to do after a refusal of this kind. `alternatives`: whether it offers any."""
    if alternatives and kind != "yours":
        moves = verb == "reschedule_booking"
        return CHOOSE.format(verb=verb if moves else "hold_slot")
    return NEXT_STEPS.get(kind, NEXT_STEPS["validation_failed"])


def in_a_conversation(body: Body) -> dict[str, Any]:
    """The problem in words that fit a verb."""
    if detail := DETAILS.get(body["code"]):
        return {**body, "detail": detail}
    if errors := body.get("errors"):
        known = [
            each | {"message": MESSAGES.get((each["field"], each["code"]), each["message"])}
            for each in errors
        ]
        first = known[0]
        return {**body, "errors": known, "detail": f"{first['field']}: {first['message']}"}
    return dict(body)
