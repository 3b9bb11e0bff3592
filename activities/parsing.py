"""Parses messages from Temporal into commands. Anybody with access to Temporal can send anything,
so each field is validated here, before it reaches the database.
"""

from datetime import datetime
from uuid import UUID, uuid5

from domain.actors import Actor, Role
from domain.appointments import Change, Hold, Move
from domain.booking import RULES, CancelReason, Verb
from domain.messages import BookingInput, Command
from domain.patient_limits import Limits, limits
from domain.rights import may_book_at, may_use
from domain.schedules import PLAUSIBLE_YEARS

NOT_BY_MESSAGE = frozenset({Verb.EXPIRE, Verb.EDIT})
"""Verbs that no message can carry out: `expire` is due by the clock, and `edit` contains personal
text, which must not go through Temporal.
"""

VERBS: dict[str, Verb] = {str(verb): verb for verb in RULES if verb not in NOT_BY_MESSAGE}

REASONS = frozenset(CancelReason)
LONGEST_ID = 255
LONGEST_VERSION = 2**31 - 1


class Malformed(ValueError):
    """The message is invalid. The text names the field, never its value."""


class Unknown(ValueError):
    """The verb is unknown."""


def booking_id(booking: BookingInput) -> UUID:
    """The id of the row. Raises Malformed."""
    return _uuid(booking.id, "id")


def command_id(booking: UUID, text: str) -> UUID:
    """A command's id in Postgres. Text that is not a UUID is hashed with the booking's id, so that
    it always gives the same id. Raises Malformed.
    """
    if not 0 < len(text) <= LONGEST_ID or not text.isprintable():
        raise Malformed("id")
    try:
        return UUID(text)
    except ValueError:
        return uuid5(booking, text)


def hold(booking: BookingInput) -> tuple[Hold, Actor]:
    """The hold that a booking starts with, and its actor. Raises Malformed."""
    id, asked = booking_id(booking), booking.hold
    if asked is None:
        raise Malformed("hold")
    actor, patient_id = _actor(asked.by), _uuid(asked.patient_id, "patient_id")
    dentist_id = _uuid(asked.dentist_id, "dentist_id")
    if actor.role is Role.PATIENT and actor.id != patient_id:
        raise Malformed("by")
    if not may_book_at(actor, dentist_id):
        raise Malformed("by")
    if not asked.appointment_type.isprintable():
        raise Malformed("appointment_type")
    command = Hold(
        id=id,
        command_id=command_id(id, "hold"),
        dentist_id=dentist_id,
        patient_id=patient_id,
        appointment_type=asked.appointment_type,
        starts_at=_instant(asked.starts_at),
        caller=actor.id or patient_id,
        limits=Limits() if actor.is_staff else limits(by_staff=False, holds=True),
    )
    return command, actor


def change(booking: UUID, command: Command) -> tuple[Change, Actor]:
    """A command on an existing booking, and its actor. Raises Malformed or Unknown."""
    verb, id = VERBS.get(command.verb), command_id(booking, command.id)
    if verb is None:
        raise Unknown("verb")
    if command.reason is not None and command.reason not in REASONS:
        raise Malformed("reason")
    actor = _actor(command.by)
    if not may_use(verb, staff=actor.is_staff):
        raise Malformed("by")
    version = command.expected_version
    if version is not None and not 0 < version <= LONGEST_VERSION:
        raise Malformed("expected_version")
    return Change(booking, verb, id, command.reason, expected_version=version), actor


def move(booking: UUID, command: Command) -> tuple[Move, Actor]:
    """A `reschedule`, and its actor. Raises Malformed."""
    asked, actor = change(booking, command)
    if asked.command_id is None:
        raise Malformed("id")
    dentist_id = _uuid(command.dentist_id, "dentist_id") if command.dentist_id else None
    if dentist_id and not may_book_at(actor, dentist_id):
        raise Malformed("by")
    return Move(
        booking,
        asked.command_id,
        dentist_id,
        _instant(command.starts_at) if command.starts_at else None,
        expected_version=asked.expected_version,
    ), actor


def _actor(text: str) -> Actor:
    """The actor. Messages cannot act as the system. Raises Malformed."""
    try:
        actor = Actor.parse(text)
    except ValueError:
        raise Malformed("by") from None
    if actor.role is Role.SYSTEM:
        raise Malformed("by")
    return actor


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
    if instant.tzinfo is None or instant.year not in PLAUSIBLE_YEARS:
        raise Malformed("starts_at")
    return instant
