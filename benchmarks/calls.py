"""The requests that callers send to the API, as bytes."""

import re

from benchmarks.client import Answer, request
from benchmarks.world import PLAIN, Caller, Slot

ID = re.compile(rb'"id":"([0-9a-f-]{36})"')


def hold(slot: Slot, caller: Caller, key: str | None = None, kind: str = PLAIN) -> bytes:
    """`key`: the Idempotency-Key, here and below."""
    body = {
        "dentist_id": str(slot.dentist),
        "starts_at": slot.starts_at.isoformat(),
        "appointment_type": kind,
        "patient_id": str(caller.id),
    }
    return request("POST", "/api/availability/reserve", caller.token, body, key)


def confirm(id: str, caller: Caller, key: str | None = None) -> bytes:
    return request("POST", f"/api/appointments/{id}/confirm", caller.token, key=key)


def insert(slot: Slot, caller: Caller) -> bytes:
    """The baseline: one INSERT behind the same application."""
    body = {"resource_no": slot.resource_no, "starts_at": slot.starts_at.isoformat()}
    return request("POST", "/bench/claims", caller.token, body)


def booked_id(answer: Answer) -> str:
    """The id of the appointment in an answer. Raises ValueError for a refusal."""
    found = ID.search(answer.body)
    if answer.status >= 300 or found is None:
        raise ValueError(f"{answer.status} {answer.body[:300]!r}")
    return found[1].decode()
