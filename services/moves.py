"""Moving a booking to another time, dentist or type."""

from dataclasses import replace

from db import appointments, bookings, clinics, idempotency
from db.pool import Connection
from domain import schedules
from domain.actors import Actor, Scope
from domain.appointments import Change, Move, MoveTarget, Result, Via
from domain.booking import Outcome, Verb
from domain.policy import AppointmentWithPolicy
from services import metrics
from services.retries import TermsChanged, retried

MOVE_ATTEMPTS = 20
"""A move fails only because another change of the booking or schedule was committed."""


async def reschedule(
    connection: Connection, command: Move, actor: Actor, via: Via, within: Scope
) -> Result:
    """Moves a booking and keeps its id. Replaces its claims in one transaction. An unknown dentist
    or type is `UNKNOWN`.
    """
    result = await retried(
        lambda: _reschedule(connection, command, actor, via, within), MOVE_ATTEMPTS
    )
    return metrics.count(Verb.RESCHEDULE, via, result)


async def _reschedule(
    connection: Connection, command: Move, actor: Actor, via: Via, within: Scope
) -> Result:
    """Decides by the booking and the terms as read here. Raises TermsChanged if the database finds
    another version of either.
    """
    if earlier := await idempotency.earlier(connection, command.key, within):
        return earlier
    before = await appointments.get_with_policy(connection, command.id, within)
    if before is None:
        return Result(Outcome.NOT_FOUND)
    booking = before.appointment
    target = command.target(booking)
    if target == MoveTarget(booking.dentist_id, booking.appointment_type, booking.starts_at):
        return await _edit(connection, command, before, actor, via, within)

    booking_terms = await clinics.booking_terms(
        connection, target.dentist_id, target.appointment_type, actor
    )
    if booking_terms is None and await _renamed(connection, before):
        raise TermsChanged
    refused = None
    if booking_terms:
        booking_terms = before.terms_after_move(booking_terms)
        refused = schedules.refusal(
            booking_terms.hours,
            booking_terms.terms,
            target.starts_at,
            booking_terms.now,
            booking_terms.kept_start,
            override=command.override,
        )
        override = command.override and schedules.needs_override(
            booking_terms.hours, booking_terms.terms, target.starts_at, booking_terms.now
        )
        command = replace(command, override=override)
    moved = await bookings.move(
        connection, command, target, booking_terms, before, refused, actor, via, within
    )
    if moved is None:
        raise TermsChanged
    return moved


async def _renamed(connection: Connection, before: AppointmentWithPolicy) -> bool:
    """Whether the slug of the booking's type changed since the booking was read."""
    now = await appointments.get_with_policy(connection, before.appointment.id, Scope())
    return now is None or now.appointment.appointment_type != before.appointment.appointment_type


async def _edit(
    connection: Connection,
    command: Move,
    before: AppointmentWithPolicy,
    actor: Actor,
    via: Via,
    within: Scope,
) -> Result:
    """Handles a move to the present place: only the texts may change. Raises TermsChanged if the
    booking has moved since.
    """
    at = before.appointment.version
    edit = Change(
        command.id,
        Verb.EDIT,
        command.command_id,
        texts=command.texts,
        key=command.key,
        expected_version=at if command.expected_version is None else command.expected_version,
    )
    edited = await bookings.change(connection, edit, actor, via, within)
    if edited.outcome is Outcome.VERSION and command.expected_version in (None, at):
        raise TermsChanged
    return edited
