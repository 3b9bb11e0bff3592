"""Deadlines end at the visit's start, and what belongs to a visit waits for it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from uuid_utils.compat import uuid7

from db import booking_state
from domain.actors import CLINIC, Scope
from domain.appointments import Change, Move, Via
from domain.booking import RULES, Deadline, Earliest, Outcome, Status, Verb, earliest_use
from services import booking, moves
from tests.support import ANA, begin_visit, change, hold, monday, patient, request

AN_HOUR = timedelta(hours=1)
DST_DAYS = [
    # an ordinary day; a midnight that does not exist; one that is shown twice; days of 23 and 25 h
    ("Europe/Berlin", "2027-06-01T09:00"),
    ("America/Santiago", "2026-09-06T09:00"),
    ("America/Havana", "2026-11-01T09:00"),
    ("Europe/Berlin", "2027-03-28T09:00"),
    ("Europe/Berlin", "2027-10-31T23:30"),
    ("Pacific/Kiritimati", "2027-01-01T00:15"),
]


@pytest.fixture
async def long_deadlines(pool):
    """Holds and requests that would last longer than until the visit."""
    await pool.execute("update appointment_types set hold_for = '1 day', approval_for = '30 days'")


async def requested(pool):
    """A request for approval."""
    await pool.execute("update appointment_types set needs_approval = true")
    id = (await hold(pool, request(monday(9)))).appointment.id
    await change(pool, id, Verb.CONFIRM)
    return id


async def moved(pool, id, starts_at: datetime, actor=CLINIC):
    async with pool.acquire() as connection:
        command = Move(id, uuid7(), starts_at=starts_at)
        return await moves.reschedule(connection, command, actor, Via.API, Scope())


async def approval_deadline(pool, id) -> datetime:
    return await pool.fetchval("select approval_expires_at from appointments where id = $1", id)


async def test_a_hold_ends_at_its_start_at_the_latest_and_an_extended_one_too(pool, long_deadlines):
    await pool.execute(
        "insert into weekly_hours (resource_no, weekday, starts, ends)"
        " select resource_no, day, '0:00', '0:00' from dentists, generate_series(0, 6) day"
    )
    starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
    held = (await hold(pool, request(starts_at))).appointment
    extended = (await change(pool, held.id, Verb.EXTEND)).appointment
    assert held.hold_expires_at == extended.hold_expires_at == starts_at


async def test_a_request_ends_at_its_start_at_the_latest_and_a_moved_one_too(pool, long_deadlines):
    id = await requested(pool)
    assert await approval_deadline(pool, id) == monday(9)
    await moved(pool, id, monday(14))
    assert await approval_deadline(pool, id) == monday(14)


async def test_a_request_that_moves_has_its_full_time_for_approval_again(pool):
    id = await requested(pool)
    before = await approval_deadline(pool, id)
    for actor, hour in ((CLINIC, 14), (patient(ANA), 15)):
        assert (await moved(pool, id, monday(hour), actor)).outcome is Outcome.DONE
        renewed = await approval_deadline(pool, id)
        assert renewed > before
        before = renewed


@pytest.mark.parametrize(
    "verb", [v for v, rule in RULES.items() if rule.deadline is Deadline.BEFORE]
)
async def test_hold_and_request_end_at_the_start_of_the_visit(pool, long_deadlines, verb):
    pending = Status.PENDING_APPROVAL in RULES[verb].transitions
    id = await requested(pool) if pending else (await hold(pool, request(monday(9)))).appointment.id
    await begin_visit(pool, id)
    if verb is Verb.RESCHEDULE:
        refused = await moved(pool, id, monday(14))
    else:
        refused = await change(pool, id, verb)
    starts_at = await pool.fetchval("select starts_at from appointments where id = $1", id)
    assert (refused.outcome, refused.deadline) == (Outcome.EXPIRED, starts_at)


async def test_a_booking_that_begins_before_it_is_confirmed_leaves_no_hold(pool):
    await pool.execute("update appointment_types set hold_for = '1 microsecond'")
    command = request(monday(9), limits=None)
    confirm = Change(command.id, Verb.CONFIRM, uuid7())
    async with pool.acquire() as connection:
        refused = await booking.book(connection, command, confirm, patient(ANA))
        assert refused.outcome is Outcome.NOT_OFFERED
        assert await booking_state.state(connection, command.id) is None


async def test_a_request_is_withdrawn_without_notice_and_a_booking_is_not(pool):
    await pool.execute("update appointment_types set cancel_notice = '60 days'")
    id = await requested(pool)
    assert (await change(pool, id, Verb.CANCEL, patient(ANA))).outcome is Outcome.DONE
    id = await requested(pool)
    await change(pool, id, Verb.APPROVE)
    assert (await change(pool, id, Verb.CANCEL, patient(ANA))).outcome is Outcome.TOO_LATE


async def test_a_request_is_withdrawn_even_after_its_deadline_and_its_start(pool):
    id = await requested(pool)
    await begin_visit(pool, id, AN_HOUR)
    assert (await change(pool, id, Verb.CANCEL, patient(ANA))).outcome is Outcome.DONE


@pytest.mark.parametrize("verb", [verb for verb, rule in RULES.items() if rule.earliest])
async def test_future_visit_allows_neither_check_in_nor_no_show(pool, verb):
    id = (await hold(pool, request(monday(9, weeks=3)))).appointment.id
    await change(pool, id, Verb.CONFIRM)
    refused = await change(pool, id, verb)
    first = earliest_use(verb, monday(9, weeks=3), "Europe/Berlin")
    assert (refused.outcome, refused.deadline) == (Outcome.TOO_EARLY, first)
    assert refused.appointment.status is Status.BOOKED


async def test_no_show_is_possible_from_the_start_on(pool):
    id = (await hold(pool, request(monday(9)))).appointment.id
    await change(pool, id, Verb.CONFIRM)
    await begin_visit(pool, id, -AN_HOUR)
    assert (await change(pool, id, Verb.NO_SHOW)).outcome is Outcome.TOO_EARLY
    await begin_visit(pool, id)
    assert (await change(pool, id, Verb.NO_SHOW)).outcome is Outcome.DONE


@pytest.mark.parametrize(("time_zone", "wall"), DST_DAYS)
async def test_a_visit_is_checked_in_on_the_clinics_day_also_where_dst_changes(
    pool, time_zone, wall
):
    """The database's judgement of a day, at the first instant of the day and just before it."""
    starts_at = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(time_zone))
    first = earliest_use(Verb.CHECK_IN, starts_at, time_zone)
    await pool.execute("update clinics set time_zone = $1", time_zone)
    instants = [first, starts_at, first - timedelta(seconds=1)]
    days = await pool.fetchrow(
        "select "
        + ", ".join(f"clinic_day(c.id, ${n}::timestamptz) as d{n}" for n in (1, 2, 3))
        + " from clinics c",
        *instants,
    )
    assert days["d1"] == days["d2"] == starts_at.date()
    assert days["d3"] == starts_at.date() - timedelta(days=1)


async def test_a_check_in_is_possible_on_the_day_of_the_visit_in_the_clinics_zone(pool):
    """The zones are a day apart: it is the clinic's that counts, not that of the database."""
    id = (await hold(pool, request(monday(9)))).appointment.id
    await change(pool, id, Verb.CONFIRM)
    for time_zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        await pool.execute("update clinics set time_zone = $1", time_zone)
        zone = ZoneInfo(time_zone)
        now = (await pool.fetchval("select clock_timestamp()")).astimezone(zone)
        tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), zone)
        await begin_visit(pool, id, now - tomorrow)
        assert (await change(pool, id, Verb.CHECK_IN)).outcome is Outcome.TOO_EARLY
    await begin_visit(pool, id, now - (tomorrow - timedelta(minutes=1)))
    assert (await change(pool, id, Verb.CHECK_IN)).outcome is Outcome.DONE


def test_check_in_and_no_show_alone_wait_for_the_visit():
    waits = {verb: rule.earliest for verb, rule in RULES.items() if rule.earliest}
    assert waits == {Verb.CHECK_IN: Earliest.VISIT_DAY, Verb.NO_SHOW: Earliest.VISIT_START}
