"""The commands of a booking in SQL. Each is one call of a function in migrations/: one round trip,
one transaction.
"""

from dataclasses import asdict
from datetime import datetime

import asyncpg

from db.appointment_rows import appointment, columns, joins
from db.log_context import log_fields
from db.pool import Connection, fetch_one
from db.trace_context import traceparent
from domain.actors import Actor, Scope, scope
from domain.appointments import OVERRIDE, Appointment, Change, Hold, Move, MoveTarget, Result, Via
from domain.booking import MAX_EXTENSIONS, RULES, Outcome, Verb, earliest_use
from domain.clinic import BookingTerms
from domain.idempotency import Key
from domain.policy import AppointmentWithPolicy, policy
from domain.schedules import Reason


async def hold(
    connection: Connection,
    command: Hold,
    booking_terms: BookingTerms,
    between: tuple[datetime, datetime] | None,
    actor: Actor,
    via: Via,
) -> Result | None:
    """Claims the slot, or returns the reason why not. Null, without any change, if the terms have
    changed since they were read, or the time is not `between` these instants (null: any time). One
    round trip, one transaction.
    """
    earliest, latest = between or (None, None)
    within = scope(actor)
    row = await fetch_one(
        connection,
        f"""
        select r.outcome, r.blocking, r.held_until, r.server_time, {columns(within)}
          from booking_hold(
                  p_id => $1, p_dentist_id => $2, p_type_id => $3, p_stamp => $4, p_earliest =>
                  $5, p_latest => $6, p_patient_id => $7, p_agent_id => $8, p_starts_at => $9,
                  p_ends_at => $10, p_policy => $11, p_notes => $12, p_reason => $13, p_caller =>
                  $14, p_key => $15, p_command_id => $16, p_actor => $17, p_via =>
                  with_trace(p_via => with_request(p_via => $18, p_request_id => $21),
                             p_traceparent => $22),
                  p_limits => $19, p_hold_token => $20) r,
               lateral (select (r.booking).*) a {joins(within)}
        """,  # noqa: S608 - constants of ours
        command.id,
        booking_terms.dentist_id,
        booking_terms.terms.type_id,
        booking_terms.stamp,
        earliest,
        latest,
        command.patient_id,
        within.agent_id,
        command.starts_at,
        command.starts_at + booking_terms.terms.duration,
        policy(booking_terms.terms),
        command.notes,
        OVERRIDE if command.override else None,
        command.caller,
        _packed(command.key),
        command.command_id,
        str(actor),
        str(via),
        command.limits.packed() if command.limits else None,
        command.token,
        log_fields().get("request_id"),
        traceparent(),
    )
    if row["outcome"] == "stale":
        return None
    outcome = "done" if row["outcome"] == "held" else row["outcome"]
    return Result(
        Outcome(outcome),
        _visible(row, within),
        blocking=row["blocking"],
        held_until=row["held_until"],
        server_time=row["server_time"],
    )


async def change(
    connection: Connection, command: Change, actor: Actor, via: Via, within: Scope
) -> Result:
    """Carries out a command on an existing booking by the transition table. One round trip, one
    transaction.
    """
    rule = RULES[command.verb]
    transitions, with_approval = (
        rule.transitions_for(staff=actor.is_staff, approval=approval) for approval in (False, True)
    )
    row = await fetch_one(
        connection,
        f"""
        select r.outcome, r.deadline, r.server_time, {columns(within)}
          from booking_change(
                  p_id => $1, p_command_id => $2, p_verb => $3, p_key => $4, p_next => $5,
                  p_next_with_approval => $6, p_deadline_rule => $7, p_opens_on => $8, p_actor =>
                  $9, p_via =>
                  with_trace(p_via => with_request(p_via => $10, p_request_id => $20),
                             p_traceparent => $21),
                  p_reason => $11, p_texts => $12, p_cancelled_by => $13,
                  p_notice_applies => $14, p_max_extensions => $15, p_expected_version => $16,
                  p_scope => $17, p_hold_token => $18, p_agreement => $19) r,
               lateral (select (r.booking).*) a {joins(within)}
        """,  # noqa: S608 - constants of ours
        command.id,
        command.command_id,
        str(command.verb),
        _packed(command.key),
        transitions,
        with_approval,
        str(rule.deadline),
        rule.earliest,
        str(actor),
        str(via),
        command.reason,
        dict(command.texts),
        actor.side,
        command.verb is Verb.CANCEL and not actor.is_staff,
        MAX_EXTENSIONS if command.verb is Verb.EXTEND else None,
        command.expected_version,
        within.narrowed(),
        within.token,
        asdict(command.agreement) if command.agreement else None,
        log_fields().get("request_id"),
        traceparent(),
    )
    outcome, found = Outcome(row["outcome"]), _visible(row, within)
    opens = None
    if outcome is Outcome.TOO_EARLY and found:
        opens = earliest_use(command.verb, found.starts_at, found.time_zone)
    return Result(
        outcome,
        found,
        deadline=opens or row["deadline"],
        server_time=row["server_time"],
    )


async def move(
    connection: Connection,
    command: Move,
    target: MoveTarget,
    booking_terms: BookingTerms | None,
    before: AppointmentWithPolicy,
    refused: Reason | None,
    actor: Actor,
    via: Via,
    within: Scope,
) -> Result | None:
    """Moves a booking to `target`, all or nothing, or returns the reason why not. Null, without any
    change, if the booking or the terms have changed since they were read. `booking_terms`: those of
    the visit after the move; null if there is no such dentist or type. `refused`: why the new time
    is not offered; returned only if no other refusal comes first.
    """
    rule = RULES[Verb.RESCHEDULE]
    terms = booking_terms.terms if booking_terms else None
    transitions = rule.transitions_for(
        staff=actor.is_staff, approval=bool(terms and terms.needs_approval)
    )
    row = await fetch_one(
        connection,
        f"""
        select r.outcome, r.blocking, r.held_until, r.deadline, r.server_time, {columns(within)}
          from booking_move(
                  p_id => $1, p_command_id => $2, p_key => $3, p_next => $4, p_read_version => $5,
                  p_stamp => $6, p_clinic_id => $7, p_dentist_id => $8, p_dentist_no => $9,
                  p_type_id => $10, p_terms => $11, p_starts_at => $12, p_ends_at => $13, p_texts
                  => $14, p_refusal => $15, p_reason => $16, p_actor => $17, p_via =>
                  with_trace(p_via => with_request(p_via => $18, p_request_id => $23),
                             p_traceparent => $24),
                  p_notice_applies => $19, p_expected_version => $20, p_scope => $21,
                  p_hold_token => $22) r,
               lateral (select (r.booking).*) a {joins(within)}
        """,  # noqa: S608 - constants of ours
        command.id,
        command.command_id,
        _packed(command.key),
        transitions,
        before.appointment.version,
        booking_terms.stamp if booking_terms else None,
        booking_terms.clinic_id if booking_terms else None,
        target.dentist_id,
        booking_terms.dentist_no if booking_terms else None,
        terms.type_id if terms else None,
        policy(terms) if terms and terms.type_id != before.type_id else None,
        target.starts_at,
        target.starts_at + terms.duration if terms else None,
        dict(command.texts),
        "unknown" if booking_terms is None else "not_offered" if refused else None,
        OVERRIDE if command.override else None,
        str(actor),
        str(via),
        not actor.is_staff,
        command.expected_version,
        within.narrowed(),
        within.token,
        log_fields().get("request_id"),
        traceparent(),
    )
    if row["outcome"] == "stale":
        return None
    return Result(
        Outcome(row["outcome"]),
        _visible(row, within),
        reason=refused,
        blocking=row["blocking"],
        held_until=row["held_until"],
        deadline=row["deadline"],
        server_time=row["server_time"],
    )


def _visible(row: asyncpg.Record, within: Scope) -> Appointment | None:
    return appointment(row, within) if row["id"] else None


def _packed(key: Key | None) -> dict[str, str] | None:
    return key.packed() if key else None
