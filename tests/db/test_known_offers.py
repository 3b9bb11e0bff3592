"""A hold by an offer that was read before: one question, and never by what is no longer so."""

from datetime import UTC, datetime, timedelta

import pytest

from db.pool import Pool
from domain.actors import CLINIC, Actor
from domain.appointments import Hold, Result, Via
from domain.booking import Outcome, Status
from domain.schedules import Reason
from services import booking
from services.cached_terms import CachedTerms
from tests.db.test_plans import Overheard
from tests.support import AMARA, ANA, BEN, LENA, key, monday, patient, request

CHANGES = {
    "hours": (
        "delete from weekly_hours w using dentists d"
        " where w.resource_no = d.resource_no and d.profile_id = $1",
        Reason.CLOSED,
    ),
    "a closed day of one's own": (
        "insert into schedule_exceptions (clinic_id, resource_no, on_date, kind)"
        " select clinic_id, resource_no, '{day}', 'closed' from dentists where profile_id = $1",
        Reason.CLOSED,
    ),
    "a closed day of the clinic": (
        "insert into schedule_exceptions (clinic_id, on_date, kind)"
        " select clinic_id, '{day}', 'closed' from dentists where profile_id = $1",
        Reason.CLOSED,
    ),
    "the grid": (
        "update clinics c set slot_grid_minutes = 70"
        " from dentists d where d.clinic_id = c.id and d.profile_id = $1",
        Reason.OFF_GRID,
    ),
    "the type's lead time": (
        "update appointment_types t set lead_time = '60 days'"
        " from dentists d where d.clinic_id = t.clinic_id and d.profile_id = $1",
        Reason.LEAD_TIME,
    ),
    "who may book the type": (
        "update appointment_types t set bookable_online = false"
        " from dentists d where d.clinic_id = t.clinic_id and d.profile_id = $1",
        Reason.NOT_ONLINE,
    ),
    "who can be booked": ("update dentists set bookable = false where profile_id = $1", None),
    "who works there": ("update profiles set active = false where id = $1", None),
}
"""What a change is, and why nobody gets the time after it; null: there is no such dentist now."""


async def held(
    pool: Pool, offers: CachedTerms, command: Hold, actor: Actor | None = None
) -> tuple[Result, int]:
    """What a hold came to, and how many questions it took."""
    async with pool.acquire() as connection:
        overheard = Overheard(connection)
        who = actor or patient(command.patient_id)
        return await booking.hold(overheard, command, who, Via.API, offers), len(overheard.asked)


async def test_hold_with_cached_terms_is_one_query(pool):
    offers = CachedTerms()
    first, asked = await held(pool, offers, request(monday(9)))
    assert (first.outcome, asked) == (Outcome.DONE, 2)
    second, asked = await held(pool, offers, request(monday(10), patient_id=BEN, caller=BEN))
    assert (second.outcome, asked) == (Outcome.DONE, 1)
    lost, asked = await held(pool, offers, request(monday(9, 15), patient_id=BEN, caller=BEN))
    assert (lost.outcome, asked) == (Outcome.SLOT, 1)


@pytest.mark.parametrize("change", CHANGES)
async def test_changed_terms_invalidate_the_cache(pool, change):
    sql, reason = CHANGES[change]
    offers = CachedTerms()
    await held(pool, offers, request(monday(9)))

    await pool.execute(sql.format(day=f"{monday(12):%Y-%m-%d}"), AMARA)

    after, asked = await held(pool, offers, request(monday(10), patient_id=BEN, caller=BEN))
    refused = Outcome.NOT_OFFERED if reason else Outcome.NOT_FOUND
    assert (after.outcome, after.reason) == (refused, reason)
    assert asked > 1
    assert await pool.fetchval("select count(*) from appointments") == 1


async def test_terms_that_changed_are_those_that_are_pinned(pool):
    offers = CachedTerms()
    await held(pool, offers, request(monday(9)))
    await pool.execute(
        "update appointment_types set hold_for = '1 minute', duration = '45 minutes'"
    )
    result, _ = await held(pool, offers, request(monday(11), patient_id=BEN, caller=BEN))
    assert result.appointment.expires_in_seconds == pytest.approx(60, abs=1)
    assert result.appointment.ends_at - result.appointment.starts_at == timedelta(minutes=45)


async def test_start_that_enters_the_horizon_is_not_refused_by_cached_terms(pool):
    offers = CachedTerms()
    await pool.execute("update appointment_types set horizon = '1 hour'")
    far, _ = await held(pool, offers, request(monday(9)))
    assert far.reason is Reason.HORIZON
    await pool.execute("update appointment_types set horizon = '90 days'")
    assert (await held(pool, offers, request(monday(9))))[0].outcome is Outcome.DONE


async def test_lead_time_is_checked_by_the_database_clock(pool):
    """As it is by now: the offer was read when there was still time enough."""
    offers = CachedTerms()
    await held(pool, offers, request(monday(9)))
    known = offers.known(AMARA, "checkup", patient(ANA))
    soon = datetime.now(UTC) + known.terms.lead_time - timedelta(minutes=1)
    async with pool.acquire() as connection:
        late = request(soon, patient_id=BEN, caller=BEN)
        assert await booking._hold_under(connection, late, known, patient(BEN), Via.API) is None
    assert await pool.fetchval("select count(*) from appointments") == 1


async def test_staff_and_patients_have_separate_cached_terms(pool):
    await pool.execute("update appointment_types set bookable_online = false")
    offers = CachedTerms()
    by_staff, _ = await held(pool, offers, request(monday(9)), CLINIC)
    by_patient, _ = await held(pool, offers, request(monday(10), patient_id=BEN, caller=BEN))
    assert (by_staff.outcome, by_patient.reason) == (Outcome.DONE, Reason.NOT_ONLINE)


async def test_repeat_is_answered_though_the_terms_changed(pool):
    offers, asked = CachedTerms(), {"key": key()}
    first, _ = await held(pool, offers, request(monday(9), **asked))
    await pool.execute("update dentists set bookable = false where profile_id = $1", AMARA)
    again, _ = await held(pool, offers, request(monday(9), **asked))
    assert (again.outcome, again.appointment.id) == (Outcome.REPEAT, first.appointment.id)
    assert again.appointment.status is Status.HELD


async def test_change_of_another_dentist_keeps_cached_terms(pool):
    offers = CachedTerms()
    await held(pool, offers, request(monday(9)))
    await pool.execute("update dentists set bookable = false where profile_id = $1", LENA)
    result, asked = await held(pool, offers, request(monday(10), patient_id=BEN, caller=BEN))
    assert (result.outcome, asked) == (Outcome.DONE, 1)
