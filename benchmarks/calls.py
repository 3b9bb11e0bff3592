"""What callers ask the API for, as bytes."""

import re

from benchmarks.client import Answer, request
from benchmarks.world import Caller, Slot

ID = re.compile(rb'"id":"([0-9a-f-]{36})"')


def hold(slot: Slot, caller: Caller, kind: str) -> bytes:
    body = {
        "dentist_id": str(slot.dentist),
        "starts_at": slot.starts_at.isoformat(),
        "appointment_type": kind,
        "patient_id": str(caller.id),
    }
    return request("POST", "/api/availability/reserve", caller.token, body)


def confirm(id: str, caller: Caller) -> bytes:
    return request("POST", f"/api/appointments/{id}/confirm", caller.token)


def cancel(id: str, caller: Caller) -> bytes:
    return request("POST", f"/api/appointments/{id}/cancel", caller.token, {"reason": "other"})


def insert(slot: Slot, caller: Caller) -> bytes:
    """Baseline (a)."""
    body = {"resource_no": slot.resource_no, "starts_at": slot.starts_at.isoformat()}
    return request("POST", "/bench/claims", caller.token, body)


def booked_id(answer: Answer) -> str:
    """The id of the appointment that was answered. Raises ValueError for a refusal."""
    found = ID.search(answer.body)
    if answer.status >= 300 or found is None:
        raise ValueError(f"{answer.status} {answer.body[:300]!r}")
    return found[1].decode()
