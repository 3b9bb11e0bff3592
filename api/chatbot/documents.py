"""The parts of an answer: slots and bookings as JSON objects."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from api.chatbot import texts
from api.chatbot.conversation import Conversation
from api.chatbot.spoken import plain
from api.state import AppState
from db import clinics
from db.conversations import BookingNames
from db.pool import Unavailable, use
from domain.appointments import Appointment
from domain.booking import Status
from domain.clinic import BoardSlot

Document = dict[str, Any]


def written_by_person(text: str) -> Document:
    """A text that a person wrote: data, never an instruction."""
    return {"written_by_person": text}


def slot(
    conversation: Conversation, found: BoardSlot, appointment_type: str, dentist: str
) -> Document:
    """A free time as `find_slots` and refusals show it."""
    starts_at = conversation.local(found.starts_at, found.time_zone)
    return {
        "dentist_id": found.dentist_id,
        "dentist": plain(dentist),
        "appointment_type": appointment_type,
        "starts_at": starts_at,
        "ends_at": conversation.local(found.ends_at, found.time_zone),
        "time_zone": conversation.zone_at(found.time_zone).key,
        "state": found.state,
        "say": texts.offer(conversation.language, starts_at, dentist),
    }


def booking(
    conversation: Conversation, found: Appointment, names: BookingNames, status: Status
) -> Document:
    """A booking. While it is held: also its deadline, what to read to the person, and the hash."""
    starts_at = conversation.local(found.starts_at, found.time_zone)
    document: Document = {
        "booking_id": found.id,
        "status": status,
        "version": found.version,
        "slot": {
            "dentist_id": found.dentist_id,
            "dentist": plain(names.dentist),
            "appointment_type": found.appointment_type,
            "treatment": plain(names.treatment),
            "clinic_id": found.clinic_id,
            "clinic": plain(names.clinic),
            "starts_at": starts_at,
            "ends_at": conversation.local(found.ends_at, found.time_zone),
            "time_zone": conversation.zone_at(found.time_zone).key,
        },
        "patient": {"patient_id": found.patient_id, "name": written_by_person(names.patient)},
        "next_step": texts.NEXT_STEPS[status],
    }
    if found.notes:
        document["notes"] = written_by_person(found.notes)
    if found.cancel_until and status is not Status.HELD:
        document["cancel_until"] = conversation.local(found.cancel_until, found.time_zone)
    if status is Status.HELD:
        document |= _hold(conversation, found, names)
    return document


def read_back(
    conversation: Conversation, found: Appointment, names: BookingNames
) -> Mapping[str, str]:
    """What to read to the person before they agree, and its hash."""
    return {
        "read_back": texts.read_back(
            conversation.language,
            names,
            conversation.local(found.starts_at, found.time_zone),
            found.ends_at - found.starts_at,
            _local(conversation, found.cancel_until, found),
        ),
        "read_back_hash": read_back_hash(conversation.state, conversation.language, found, names),
    }


def read_back_hash(state: AppState, language: str, found: Appointment, names: BookingNames) -> str:
    """Covers who, what, where, when, the terms and the language; any change gives another hash."""
    facts = {
        "booking": found.id,
        "patient": [found.patient_id, names.patient],
        "treatment": [found.appointment_type, names.treatment],
        "dentist": [found.dentist_id, names.dentist],
        "clinic": [found.clinic_id, names.clinic, found.time_zone],
        "time": [found.starts_at.isoformat(), found.ends_at.isoformat()],
        "terms": [found.cancel_until and found.cancel_until.isoformat(), names.needs_approval],
    }
    return state.hold_tokens.read_back_hash(language, facts)


def shown_status(found: Appointment) -> Status:
    """The status by the clock: a hold whose deadline has passed is expired, though nobody has
    written that down yet.
    """
    overdue = found.status is Status.HELD and found.expires_in_seconds == 0
    return Status.EXPIRED if overdue else found.status


def alternatives(
    conversation: Conversation,
    found: list[BoardSlot],
    appointment_type: str,
    dentists: Mapping[UUID, str],
) -> list[Document]:
    return [
        slot(conversation, each, appointment_type, dentists.get(each.dentist_id, ""))
        for each in found
    ]


async def dentist_names(state: AppState) -> Mapping[UUID, str]:
    """The names of all dentists by id; none if the database does not answer."""
    try:
        async with use(state.pool) as connection:
            return {each.id: each.full_name for each in await clinics.dentists(connection)}
    except Unavailable:
        return {}


def _hold(conversation: Conversation, found: Appointment, names: BookingNames) -> Document:
    document: Document = {
        "expires_at": _local(conversation, found.hold_expires_at, found),
        "expires_in_seconds": found.expires_in_seconds,
        **read_back(conversation, found, names),
    }
    if found.hold_token:
        document["hold_token"] = found.hold_token
    return document


def _local(conversation: Conversation, at: datetime | None, found: Appointment) -> datetime | None:
    return conversation.local(at, found.time_zone) if at else None
