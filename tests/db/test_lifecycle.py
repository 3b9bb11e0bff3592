"""Postgres carries the transition table out: every verb in every state, in time and too late."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from db import booking_state
from db.pool import Connection
from domain.actors import CLINIC
from domain.appointments import NO_TEXTS, Change, Via
from domain.booking import LAPSE_AFTER, LIVE, RULES, Deadline, Outcome, Status, Verb
from services import booking
from tests.support import ANA, monday, patient, request

PENDING = (Status.HELD, Status.PENDING_APPROVAL)
LAPSES = (Status.BOOKED, Status.CHECKED_IN, Status.IN_TREATMENT)

EVERY_CASE = pytest.mark.parametrize(
    ("needs_approval", "overdue"),
    [(False, False), (False, True), (True, False), (True, True)],
    ids=["in time", "overdue", "in time, with approval", "overdue, with approval"],
)


@EVERY_CASE
async def test_every_verb_in_every_state_does_what_the_table_says(pool, needs_approval, overdue):
    expected, found = {}, {}
    async with pool.acquire() as connection:
        for status in Status:
            for verb in RULES:
                at = f"{verb} on {status}"
                expected[at] = _by_the_table(verb, status, needs_approval, overdue)
                found[at] = await _by_the_database(
                    connection, verb, status, needs_approval, overdue
                )
    assert found == expected


@EVERY_CASE
async def test_a_refusal_changes_nothing_and_a_change_leaves_one_transition(
    pool, needs_approval, overdue
):
    async with pool.acquire() as connection:
        for status in Status:
            for verb in RULES:
                async with _undone(connection):
                    id = await _booking(connection, status, needs_approval, overdue)
                    before = await _everything(connection, id)
                    result = await _run(connection, id, verb, uuid7())
                    after = await _everything(connection, id)
                    if result.outcome is not Outcome.DONE:
                        assert after == before, f"{verb} on {status}"
                        continue
                    row, trail = after
                    assert row["version"] == before[0]["version"] + 1
                    assert trail[len(before[1]) :] == [
                        (row["version"], verb, status, row["status"])
                    ]


async def test_repeated_command_is_a_repeat_in_every_resulting_state(pool):
    async with pool.acquire() as connection:
        for verb, rule in RULES.items():
            for status in rule.transitions:
                async with _undone(connection):
                    id = await _booking(connection, status, False, rule.deadline is Deadline.AFTER)
                    command_id = uuid7()
                    first = await _run(connection, id, verb, command_id)
                    again = await _run(connection, id, verb, command_id)
                    assert (first.outcome, again.outcome) == (Outcome.DONE, Outcome.REPEAT)
                    assert again.appointment.version == first.appointment.version


@pytest.mark.parametrize("status", Status)
async def test_repeated_hold_returns_its_booking_in_any_state(pool, status):
    async with pool.acquire() as connection, _undone(connection):
        command = request(monday(9), limits=None)
        await booking.hold(connection, command, patient(ANA), Via.API)
        await _put(connection, command.id, status, False, False)
        again = await booking.hold(connection, command, patient(ANA), Via.API)
        assert (again.outcome, again.appointment.status) == (Outcome.REPEAT, status)


@pytest.mark.parametrize("status", Status)
async def test_only_an_open_visit_lapses_and_only_once(pool, status):
    async with pool.acquire() as connection, _undone(connection):
        id = await _booking(connection, status, False, False)
        await _replicating(
            connection,
            """
            update appointments
               set ends_at = clock_timestamp() - $2::interval,
                   starts_at = clock_timestamp() - $2::interval - interval '1 hour'
             where id = $1
            """,
            id,
            LAPSE_AFTER,
        )
        for _ in range(2):
            await booking_state.lapse(connection, id, Via.WORKFLOW)
        row, _trail = await _everything(connection, id)
        assert (row["lapsed_at"] is not None) == (status in LAPSES)
        assert (row["version"], row["status"]) == (2 if status in LAPSES else 1, status)


async def test_sql_and_python_know_the_same_states(pool):
    for status in Status:
        assert await pool.fetchval("select is_live($1)", status) == (status in LIVE)
    assert not await pool.fetchval("select is_live('another')")


def _by_the_table(verb: Verb, status: Status, needs_approval: bool, overdue: bool):
    """The outcome, and the status after it."""
    rule = RULES[verb]
    moves = rule.transitions_for(staff=True, approval=needs_approval)
    late = overdue and status in PENDING
    if status in moves:
        if rule.deadline is Deadline.BEFORE and late:
            return Outcome.EXPIRED, status
        if rule.deadline is Deadline.AFTER and not late:
            return Outcome.TOO_EARLY, status
        return Outcome.DONE, moves[status]

    ends = {*rule.transitions.values(), *(rule.transitions_with_approval or {}).values()}
    if status is Status.EXPIRED and rule.deadline is Deadline.BEFORE:
        return Outcome.EXPIRED, status
    return (Outcome.SAME if status in ends else Outcome.INVALID), status


async def _by_the_database(
    connection: Connection, verb: Verb, status: Status, needs_approval: bool, overdue: bool
):
    async with _undone(connection):
        id = await _booking(connection, status, needs_approval, overdue)
        result = await _run(connection, id, verb, uuid7())
        return result.outcome, result.appointment.status


async def _run(connection: Connection, id: UUID, verb: Verb, command_id: UUID):
    texts = {"notes": "new"} if verb is Verb.EDIT else NO_TEXTS
    command = Change(id, verb, command_id, texts=texts)
    return await booking.change(connection, command, CLINIC, Via.WORKFLOW)


async def _booking(
    connection: Connection, status: Status, needs_approval: bool, overdue: bool
) -> UUID:
    """A booking of version 1 in any state, whether or not there is a way to it."""
    command = request(monday(9), limits=None)
    await booking.hold(connection, command, patient(ANA), Via.WORKFLOW)
    await _put(connection, command.id, status, needs_approval, overdue)
    return command.id


async def _put(
    connection: Connection, id: UUID, status: Status, needs_approval: bool, overdue: bool
) -> None:
    await _replicating(
        connection,
        """
        update appointments
           set status = $2,
               starts_at = case when $2 = 'booked' then clock_timestamp() else starts_at end,
               policy = policy || jsonb_build_object('needs_approval', $3::boolean),
               hold_expires_at = clock_timestamp() + make_interval(secs => $4),
               approval_expires_at = clock_timestamp() + make_interval(secs => $4)
         where id = $1
        """,
        id,
        status,
        needs_approval,
        -1.0 if overdue else 60.0,
    )


async def _replicating(connection: Connection, query: str, *args: object) -> None:
    """Without triggers: as if it had always been so."""
    await connection.execute("set local session_replication_role = replica")
    await connection.execute(query, *args)
    await connection.execute("set local session_replication_role = origin")


async def _everything(connection: Connection, id: UUID):
    """The row, and its audit trail."""
    row = await connection.fetchrow("select * from appointments where id = $1", id)
    trail = await connection.fetch(
        """
        select version, verb, from_status, to_status
          from appointment_transitions where appointment_id = $1 order by version
        """,
        id,
    )
    return dict(row), [tuple(line) for line in trail]


@asynccontextmanager
async def _undone(connection: Connection) -> AsyncIterator[None]:
    """A transaction that is never committed: each case finds an empty diary."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()
