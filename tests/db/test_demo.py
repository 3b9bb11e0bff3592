"""The demo data is a practice that a person would believe, and that holds what bookings promise."""

import pytest

from db import demo, demo_practice
from db.pool import Connection, connect


@pytest.fixture
async def practice(dsn) -> Connection:
    connection = await connect(dsn, "test")
    await demo_practice.fill(connection)
    yield connection
    await connection.close()


async def test_it_is_two_clinics_six_dentists_eight_types_and_thirty_patients(practice):
    async def number(sql: str) -> int:
        return await practice.fetchval(f"select count(*) from {sql}")

    assert await number("(select distinct time_zone from clinics) c") == 2
    assert await number("dentists") == 6
    assert await number("(select distinct slug from appointment_types) t") == 8
    assert await number("profiles where role = 'patient'") == 30
    assert await number("resources where kind = 'chair'") == 6


async def test_the_coming_fortnight_is_half_full_and_the_past_week_is_over(practice):
    booked = await practice.fetch(
        """
        select d.profile_id, extract(epoch from sum(ends_at - starts_at)) / 3600 as hours
          from dentists d join appointments a on a.dentist_id = d.profile_id
         where starts_at > clock_timestamp() and is_live(status) group by 1
        """
    )
    assert len(booked) == 6
    for row in booked:
        assert 25 < row["hours"] < 65  # of 98 in two weeks; chairs are drawn by chance
    past = await practice.fetch(
        "select status from appointments where ends_at < clock_timestamp() group by 1"
    )
    assert {row["status"] for row in past} <= {"completed", "no_show"}
    assert await practice.fetchval("select count(*) from appointments where status = 'held'") == 0


async def test_each_live_booking_asks_for_its_workflow_and_no_other_does(practice):
    unlike = await practice.fetchval(
        """
        select count(*) from appointments a full join workflow_inbox i on i.appointment_id = a.id
         where coalesce(is_live(a.status), false) <> (i.appointment_id is not null)
        """
    )
    assert unlike == 0
    assert await practice.fetchval("select count(*) from workflow_inbox") > 100


async def test_demo_practice_is_created_once(practice):
    asked = await practice.fetchval("select count(*) from workflow_inbox")
    assert await demo_practice.fill(practice) == 0
    assert await practice.fetchval("select count(*) from workflow_inbox") == asked
    await demo.load(practice)


async def test_the_newcomer_begins_with_an_empty_calendar(practice):
    theirs = [demo.person_id("patient", name) for name, _ in demo.PATIENTS]
    assert (
        await practice.fetchval(
            "select count(*) from appointments where patient_id = any($1)", theirs
        )
        == 0
    )
