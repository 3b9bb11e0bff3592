"""The verbs that make, change and read a booking."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from uuid_utils.compat import uuid7

from api.bookings.changing import changed, moved, successful
from api.bookings.holder_limits import limits_of
from api.bookings.holding import held, hold_command
from api.bookings.refusals import refusal
from api.bookings.requests import Reserve
from api.chatbot import documents, repeats, texts
from api.chatbot.conversation import Conversation
from api.chatbot.documents import Document
from api.chatbot.models import (
    CancelBooking,
    ConfirmBooking,
    GetBooking,
    HoldSlot,
    RescheduleBooking,
)
from api.chatbot.spoken import LANGUAGES
from api.chatbot.waiting import Seen, Wait, seen
from api.http.answers import existing
from api.http.errors import Problem
from db import appointments, conversations
from db.conversations import BookingNames
from db.patient_times import Taker
from db.pool import use
from domain.actors import scope
from domain.appointments import AgreedBy, Agreement, Appointment, Change, Move, Result
from domain.booking import Outcome, Status, Verb
from services.alternatives import WantedSlot

ATTEMPTS = 3
"""Reads of a booking that changes between its check and its confirmation."""


async def hold_slot(conversation: Conversation, arguments: HoldSlot) -> Document:
    """Holds the slot. The same conversation gets the same hold, as long as it has not ended and
    was not moved to another time or dentist.
    """
    state, caller = conversation.state, conversation.caller
    body = Reserve.model_construct(
        dentist_id=arguments.dentist_id,
        starts_at=arguments.starts_at,
        appointment_type=arguments.appointment_type,
        patient_id=arguments.patient_id,
        notes=arguments.notes,
    )
    named = state.hold_tokens.conversation_hash(caller, arguments.conversation_id)
    for repeat in range(repeats.MOST):
        key = repeats.key(conversation, named, arguments, repeat)
        command = await hold_command(state, body, caller, key, holds=True, conversation=named)
        result = await state.holds.hold(command, caller)
        appointment = await held(state, command, caller, result)
        if repeats.has_slot(appointment, arguments):
            return await _shown(conversation, appointment)
    wanted = WantedSlot(
        command.dentist_id, command.appointment_type, command.starts_at, start_taken=True
    )
    taker = Taker(command.patient_id, command.limits)
    raise Problem(
        "hold_cooldown",
        "This conversation has held this time too often; choose another time.",
        alternatives=await state.alternatives.near(wanted, caller, taker),
    )


async def confirm_booking(conversation: Conversation, arguments: ConfirmBooking) -> Document:
    """Confirms a hold, if what was read to the person is what it still says."""
    state, caller = conversation.state, conversation.caller
    for _ in range(ATTEMPTS):
        found, names = await _read(conversation, arguments)
        _check_token(conversation, arguments.hold_token, found)
        agreement = None
        if documents.shown_status(found) not in repeats.ENDED:
            language = _check_read_back(conversation, arguments.read_back_hash, found, names)
            agreement = Agreement(
                arguments.read_back_hash, language, arguments.agreed_by or AgreedBy.PATIENT
            )
        command = Change(
            id=arguments.booking_id,
            verb=Verb.CONFIRM,
            command_id=uuid7(),
            expected_version=found.version if found.status is Status.HELD else None,
            agreement=agreement,
        )
        result = await changed(state, command, caller, arguments.hold_token)
        if result.outcome is not Outcome.VERSION:
            break
    return await _shown(conversation, successful(result))


async def cancel_booking(conversation: Conversation, arguments: CancelBooking) -> Document:
    command = Change(
        id=arguments.booking_id,
        verb=Verb.CANCEL,
        command_id=uuid7(),
        reason=arguments.reason,
    )
    result = await changed(conversation.state, command, conversation.caller, arguments.hold_token)
    return await _given_up(conversation, successful(result))


async def reschedule_booking(conversation: Conversation, arguments: RescheduleBooking) -> Document:
    command = Move(
        id=arguments.booking_id,
        command_id=uuid7(),
        dentist_id=arguments.dentist_id,
        starts_at=arguments.starts_at,
        appointment_type=arguments.appointment_type,
    )
    result = await moved(conversation.state, command, conversation.caller, arguments.hold_token)
    return await _shown(conversation, successful(result))


async def get_booking(conversation: Conversation, arguments: GetBooking) -> Document:
    """The booking, at once or as soon as it differs from what the caller knows."""

    async def read() -> Seen:
        return await _read(conversation, arguments)

    wait = Wait(arguments.booking_id, arguments.wait_seconds or 0, arguments.known_version)
    found, names = await seen(conversation, wait, read)
    document = _document(conversation, found, names)
    if document["status"] is Status.EXPIRED:
        document |= await _offered_anew(conversation, document["say"], found)
    return document


async def _offered_anew(conversation: Conversation, said: str, expired: Appointment) -> Document:
    """The nearest times that are free instead of an expired hold."""
    state, language = conversation.state, conversation.language
    wanted = WantedSlot(expired.dentist_id, expired.appointment_type, expired.starts_at)
    taker = Taker(expired.patient_id, limits_of(state, conversation.caller))
    nearest = await state.alternatives.near(wanted, conversation.caller, taker)
    dentists = await documents.dentist_names(state)
    slots = documents.alternatives(conversation, nearest, expired.appointment_type, dentists)
    offers = texts.instead(language, [each["say"] for each in slots])
    return {"alternatives": slots, "say": f"{said} {offers}".rstrip()}


async def _read(conversation: Conversation, arguments: ConfirmBooking | GetBooking) -> Seen:
    """The booking and its names. Raises `not_found`."""
    within = scope(conversation.caller)
    async with use(conversation.state.pool) as connection:
        found = existing(await appointments.get(connection, arguments.booking_id, within))
        return found, await conversations.names(connection, found.id)


async def _shown(conversation: Conversation, found: Appointment) -> Document:
    async with use(conversation.state.pool) as connection:
        names = await conversations.names(connection, found.id)
    return _document(conversation, found, names)


async def _given_up(conversation: Conversation, found: Appointment) -> Document:
    """A booking that the caller has given up. An agent whose grant has ended may do that, but is
    not told what people wrote.
    """
    async with use(conversation.state.pool) as connection:
        names = await conversations.names(connection, found.id)
        if await appointments.get(connection, found.id, scope(conversation.caller)) is None:
            names, found = replace(names, patient=""), replace(found, notes=None)
    return _document(conversation, found, names)


def _document(conversation: Conversation, found: Appointment, names: BookingNames) -> Document:
    status = documents.shown_status(found)
    deadline: datetime | None = None
    if status is Status.HELD and found.hold_expires_at:
        deadline = conversation.local(found.hold_expires_at, found.time_zone)
    starts_at = conversation.local(found.starts_at, found.time_zone)
    said = texts.status(conversation.language, status, names, starts_at, deadline)
    return {"say": said, **documents.booking(conversation, found, names, status)}


def _check_token(conversation: Conversation, token: str, found: Appointment) -> None:
    """Raises `forbidden`. Staff are checked too: the hold belongs to its conversation."""
    if not conversation.state.hold_tokens.proves(token, found.id):
        raise refusal(Result(Outcome.NOT_HOLDER, found))


def _check_read_back(
    conversation: Conversation, given: str, found: Appointment, names: BookingNames
) -> str:
    """The language in which it was read. Raises `read_back_changed` with what to read now."""
    for language in LANGUAGES:
        now = documents.read_back_hash(conversation.state, language, found, names)
        if given == now:
            return language
    raise Problem(
        "read_back_changed",
        "read_back_hash does not belong to what the booking says now; read read_back to the person,"
        " and confirm with its read_back_hash.",
        **dict[str, Any](documents.read_back(conversation, found, names)),
    )
