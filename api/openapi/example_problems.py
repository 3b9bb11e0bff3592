"""An example of each problem by its code, with the data of example_bodies."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from api.auth.security import unauthenticated
from api.bookings.refusals import refusal
from api.http.errors import STATUS, Problem, body, invalid, not_found
from api.openapi import example_bodies as examples
from domain.appointments import Appointment, Result
from domain.booking import Outcome
from domain.clinic import BoardSlot
from domain.schedules import Reason

NOW, UNTIL = map(datetime.fromisoformat, (examples.NOW, examples.UNTIL))
BOOKED = TypeAdapter(Appointment).validate_python(examples.BOOKED)
ALTERNATIVES = TypeAdapter(list[BoardSlot]).validate_python([examples.SLOT])

WITH_ALTERNATIVES = (Outcome.SLOT, Outcome.NOT_OFFERED)
WITHOUT_ALTERNATIVES = (
    Outcome.PATIENT_OVERLAP,
    Outcome.QUOTA,
    Outcome.BOOKING_QUOTA,
    Outcome.COOLDOWN,
    Outcome.CONVERSATION_QUOTA,
    Outcome.AGENT_QUOTA,
    Outcome.DENTIST_DAY_QUOTA,
    Outcome.KEY_REUSED,
    Outcome.EXPIRED,
    Outcome.TOO_LATE,
    Outcome.VERSION,
    Outcome.NOT_HOLDER,
    Outcome.INVALID,
)


DETAILS = {
    "ambiguous_dentist": "Several dentists have this name; ask the person which of candidates they"
    " mean, and send its dentist_id as dentist.",
    "unknown_dentist": "No dentist has this name; offer candidates, or leave out dentist for any.",
    "read_back_changed": "read_back_hash does not belong to what the booking says now; read"
    " read_back to the person, and confirm with its read_back_hash.",
    "method_not_allowed": "Method not allowed; allowed: GET, POST.",
    "request_timeout": "The body took longer than 10 seconds to arrive; send it again.",
    "payload_too_large": "The body is larger than 64 KiB; send a smaller one.",
    "uri_too_long": "The request line is longer than 32768 bytes; shorten it.",
    "unsupported_media_type": "Send JSON.",
    "rate_limited": "More than 120 requests in a minute; retry after Retry-After.",
    "headers_too_large": "The request has more than 100 headers or 32768 bytes of headers;"
    " send fewer.",
    "internal_error": "Internal error; if it persists, report the request_id.",
    "unavailable": "The database is unavailable; repeat with the same Idempotency-Key.",
}


def problems() -> dict[str, dict[str, Any]]:
    """The body of each problem by its code, in the order of STATUS."""
    found = {problem.body["code"]: problem for problem in (*_of_commands(), *_of_requests())}
    return {code: json.loads(body(found[code], "/api/appointments", "7f9c1d52")) for code in STATUS}


def _of_commands() -> Iterator[Problem]:
    result = Result(
        Outcome.SLOT,
        BOOKED,
        reason=Reason.OFF_GRID,
        blocking="held",
        held_until=UNTIL,
        deadline=UNTIL,
        server_time=NOW,
    )
    for outcome in WITH_ALTERNATIVES:
        yield refusal(replace(result, outcome=outcome), ALTERNATIVES)
    for outcome in WITHOUT_ALTERNATIVES:
        yield refusal(replace(result, outcome=outcome))


def _of_requests() -> Iterator[Problem]:
    yield invalid(
        "starts_at", "must include a UTC offset, as in 2027-03-08T09:00:00+01:00", "invalid_instant"
    )
    yield unauthenticated()
    yield not_found()
    for code, detail in DETAILS.items():
        yield Problem(code, detail)
