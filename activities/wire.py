"""What Temporal sends, as commands of ours. Anybody with access to Temporal can send anything: it
is judged here, before it comes near the database.
"""

from datetime import datetime
from uuid import UUID, uuid5

from domain.actors import Actor, Role
from domain.appointments import Change, Hold, Move
from domain.booking import HOLD_QUOTA, LIVE, RULES, BookingState, CancelReason, Status, Verb
from domain.messages import Booking, Command, Seen

NOT_OFFERED = frozenset({Verb.EXPIRE, Verb.EDIT})
"""Verbs of the table that nobody can send: the clock alone expires, and notes are personal."""

LOOK = "look"
"""The verb of a message that asks for nothing but another look at the row."""

VERBS: dict[str, Verb] = {str(verb): verb for verb in RULES if verb not in NOT_OFFERED}

REASONS = frozenset(CancelReason)
LONGEST_ID = 255
LONGEST_VERSION = 2**31 - 1
LONGEST_WAIT = 10 * 365 * 86_400.0
"""Seconds until a deadline that a message may speak of."""


class Malformed(ValueError):
    """The message cannot be read; its text says which field, and never what was in it."""


class Unknown(ValueError):
    """There is no such command."""


def booking_id(booking: Booking) -> UUID:
    """The id of the row. Raises Malformed."""
    return _uuid(booking.id, "id")


def command_id(booking: UUID, text: str) -> UUID:
    """A command's id in Postgres. Text that is not a UUID means one command of this booking,
    wherever it is read. Raises Malformed.
    """
    if not 0 < len(text) <= LONGEST_ID or not text.isprintable():
        raise Malformed("id")
    try:
        return UUID(text)
    except ValueError:
        return uuid5(booking, text)


def hold(booking: Booking) -> tuple[Hold, Actor]:
    """The hold that a booking starts with, and who asks for it. Raises Malformed."""
    id, asked = booking_id(booking), booking.hold
    if asked is None:
        raise Malformed("hold")
    actor, patient_id = _actor(asked.by), _uuid(asked.patient_id, "patient_id")
    if actor.role is Role.PATIENT and actor.id != patient_id:
        raise Malformed("by")
    if not asked.appointment_type.isprintable():
        raise Malformed("appointment_type")
    command = Hold(
        id=id,
        command_id=command_id(id, "hold"),
        dentist_id=_uuid(asked.dentist_id, "dentist_id"),
        patient_id=patient_id,
        appointment_type=asked.appointment_type,
        starts_at=_instant(asked.starts_at),
        caller=actor.id or patient_id,
        quota=None if actor.is_staff else HOLD_QUOTA,
    )
    return command, actor


def change(booking: UUID, command: Command) -> tuple[Change, Actor]:
    """A later command, and who asks for it. Raises Malformed or Unknown."""
    verb, id = VERBS.get(command.verb), command_id(booking, command.id)
    if verb is None:
        raise Unknown("verb")
    if command.reason is not None and command.reason not in REASONS:
        raise Malformed("reason")
    version = command.expected_version
    if version is not None and not 0 < version <= LONGEST_VERSION:
        raise Malformed("expected_version")
    return Change(booking, verb, id, command.reason, expected_version=version), _actor(command.by)


def move(booking: UUID, command: Command) -> tuple[Move, Actor]:
    """A `reschedule`, and who asks for it. Raises Malformed."""
    asked, actor = change(booking, command)
    if asked.command_id is None:
        raise Malformed("id")
    return Move(
        booking,
        asked.command_id,
        _uuid(command.dentist_id, "dentist_id") if command.dentist_id else None,
        _instant(command.starts_at) if command.starts_at else None,
        expected_version=asked.expected_version,
    ), actor


def seen(booking: Booking, command: Command) -> Seen | None:
    """What a message says became of the booking; null where it says nothing, or nothing that could
    be. A booking's end is not believed: before it closes, a workflow looks.
    """
    news = command.seen
    return news if news and news.state.id == booking.id and _is_open(news.state) else None


def _is_open(state: BookingState) -> bool:
    try:
        live = Status(state.status) in LIVE and not state.over
        if state.visit:
            _instant(state.visit.starts_at)
            _uuid(state.visit.clinic_id, "clinic_id")
            _uuid(state.visit.dentist_id, "dentist_id")
    except ValueError:  # Malformed is one
        return False
    return live and state.due_in is not None and state.due_in <= LONGEST_WAIT


def _actor(text: str) -> Actor:
    try:
        return Actor.parse(text)
    except ValueError:
        raise Malformed("by") from None


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Malformed(field) from None


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("starts_at") from None
    if instant.tzinfo is None:
        raise Malformed("starts_at")
    return instant
