"""Rows of appointments: what a query selects for a caller, and the Appointment made from a row."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from domain.actors import Scope
from domain.allowed import BookingFacts, allowed
from domain.appointments import Appointment
from domain.booking import MAX_EXTENSIONS, RULES, Status, Verb

COLUMNS = """
    a.id, a.clinic_id, a.dentist_id, a.patient_id, t.slug as appointment_type, a.status,
    a.starts_at, a.ends_at, c.time_zone, a.version, a.created_at, a.updated_at, a.hold_expires_at,
    a.notes, a.staff_notes, a.cancelled_by, a.cancel_reason, a.cancel_note, a.extensions,
    a.lapsed_at, a.hold_token_hash is not null as made_by_agent,
    booking_deadline(row(a.*)::appointments) as state_deadline,
    notice_deadline(row(a.*)::appointments) as notice_deadline
"""
JOINS = """
    left join appointment_types t on t.id = a.type_id left join clinics c on c.id = a.clinic_id
"""

COLUMNS_FOR_STAFF = f"""{COLUMNS},
    (select full_name from profiles where id = a.patient_id) as patient_name,
    chair.no as chair, chair.name as chair_name
"""  # noqa: S608 - constants of ours
JOINS_FOR_STAFF = f"{JOINS} left join lateral chair_of(a.id) chair on true"


def columns(within: Scope) -> str:
    """What to select of `a`, besides `server_time`, for a caller with this scope."""
    return COLUMNS_FOR_STAFF if within.by_staff else COLUMNS


def joins(within: Scope) -> str:
    """The joins to `a` that `columns` needs."""
    return JOINS_FOR_STAFF if within.by_staff else JOINS


def appointment(row: asyncpg.Record | Mapping[str, Any], within: Scope) -> Appointment:
    """The appointment in a row of `columns` and `server_time`. Fields of holds are set only while
    held.
    """
    staff = within.by_staff
    status = Status(row["status"])
    held = status is Status.HELD
    left = (row["hold_expires_at"] - row["server_time"]).total_seconds() if held else None
    return Appointment(
        id=row["id"],
        clinic_id=row["clinic_id"],
        dentist_id=row["dentist_id"],
        patient_id=row["patient_id"],
        appointment_type=row["appointment_type"],
        status=status,
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        time_zone=row["time_zone"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        hold_expires_at=row["hold_expires_at"] if held else None,
        notes=row["notes"],
        staff_notes=row["staff_notes"] if staff else None,
        cancelled_by=row["cancelled_by"],
        cancel_reason=row["cancel_reason"],
        cancel_note=row["cancel_note"] if staff else None,
        server_time=row["server_time"] if held else None,
        expires_in_seconds=max(round(left, 3), 0.0) if left is not None else None,
        allowed=allowed(_facts(row, status), within, row["server_time"]),
        cancel_until=row["notice_deadline"] if status in RULES[Verb.CANCEL].transitions else None,
        extensions_left=max(MAX_EXTENSIONS - row["extensions"], 0) if held else None,
        lapsed_at=row["lapsed_at"],
        patient_name=row["patient_name"] if staff else None,
        chair=row["chair"] if staff else None,
        chair_name=row["chair_name"] if staff else None,
    )


def _facts(row: asyncpg.Record | Mapping[str, Any], status: Status) -> BookingFacts:
    return BookingFacts(
        status=status,
        starts_at=row["starts_at"],
        time_zone=row["time_zone"],
        deadline=row["state_deadline"],
        notice_deadline=row["notice_deadline"],
        extensions=row["extensions"],
        made_by_agent=row["made_by_agent"],
    )
