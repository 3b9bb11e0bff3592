"""One predicate: whatever is offered can be held, and whatever is not offered is refused, by the
same database at the same moment, with nobody else at work.
"""

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from db import account_status, claims, clinics, demo
from db.pool import Connection, Pool
from domain.actors import CLINIC, Actor
from domain.appointments import Via
from domain.booking import Outcome, Verb
from domain.clinic import BookingTerms
from domain.explain import explain
from domain.schedules import Reason
from services import booking, slot_search
from tests.support import AMARA, ANA, BEN, LENA, MATEO, change, overdue, patient, request
from tests.sweep import zones

A_MINUTE, A_DAY = timedelta(minutes=1), timedelta(days=1)
FINE = 5 * A_MINUTE
NEWCOMER = demo.person_id("patient", "chloe")
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
)


@pytest.mark.parametrize("asker", [patient(NEWCOMER), CLINIC], ids=["patient", "staff"])
@pytest.mark.parametrize("seed", range(3))
async def test_exactly_the_offered_slots_can_be_held(pool: Pool, seed: int, asker: Actor) -> None:
    chance = random.Random(seed)
    day = await a_clinic(pool, chance)
    await others_at_work(pool, chance, day)
    async with pool.acquire() as connection:
        [offer] = await clinics.all_booking_terms(connection, "checkup", asker, dentist_ids=[AMARA])
        found = await slot_search.search(
            connection, [offer], slot_search.Asked(day.date() - A_DAY, 3)
        )
        offered = {slot.starts_at for slot, _ in found}
        midnight = day.astimezone(UTC)
        for n in range(-60, 350):
            start = midnight + n * FINE
            outcome, reason = await tried(connection, start, asker)
            assert (start in offered) == (outcome is Outcome.DONE), (start, outcome, reason)
            assert_explained(offer, await findings(connection, offer, start), outcome, reason)
        for start in list(offered)[:5]:
            assert (await tried(connection, start + A_MINUTE, asker))[0] is Outcome.NOT_OFFERED


async def a_clinic(pool: Pool, chance: random.Random) -> datetime:
    """Another zone, grid, schedule, chairs and terms; local midnight of a day to look at, often one
    on which clocks change.
    """
    zone = chance.choice(ZONES)
    grid = chance.choice([10, 15, 20, 30, 50])
    day = a_day(chance, zone)
    await pool.execute("update clinics set time_zone = $1, slot_grid_minutes = $2", zone, grid)
    number = await pool.fetchval("select resource_no from dentists where profile_id = $1", AMARA)
    await pool.execute("delete from weekly_hours where resource_no = $1", number)
    await pool.execute("update weekly_hours set starts = '00:00', ends = '00:00'")
    await pool.executemany(
        "insert into weekly_hours (resource_no, weekday, starts, ends) values ($1, $2, $3, $4)",
        [(number, (day.weekday() + n) % 7, *some_hours(chance)) for n in (-1, 0, 0, 0, 0, 1)],
    )
    await pool.executemany(
        """
        insert into schedule_exceptions (clinic_id, resource_no, on_date, starts, ends, kind)
        values ($1, $2, $3, $4, $5, $6)
        """,
        [
            (
                demo.CLINIC,
                chance.choice([None, number]),
                day.date() + chance.choice([-1, 0, 0, 1]) * A_DAY,
                *sorted([time(chance.randrange(24), 15), time(chance.randrange(24), 45)]),
                chance.choice(["open", "closed", "hours"]),
            )
            for _ in range(chance.choice([0, 1, 2, 3]))
        ],
    )
    await pool.execute(
        "update resources set active = false where kind = 'chair' and name > $1",
        f"Chair {chance.choice([1, 2])}",
    )
    await the_terms(pool, chance, day)
    await account_status.add_patient(pool, NEWCOMER)
    return day


async def the_terms(pool: Pool, chance: random.Random, day: datetime) -> None:
    """Buffers, and often a lead time and a horizon that end amid the day, off any grid."""
    ahead = day - await pool.fetchval("select now()")
    edge = 7 * 60 + 2.5, 17 * 60 + 2.5
    lead, horizon = (ahead + minutes * A_MINUTE for minutes in edge)
    await pool.execute(
        """
        update appointment_types
           set duration = $1, buffer_before = $2, buffer_after = $3, lead_time = $4, horizon = $5,
               needs_chair = slug <> 'consultation'
        """,
        chance.choice([20, 30, 45]) * A_MINUTE,
        chance.choice([0, 0, 10]) * A_MINUTE,
        chance.choice([0, 5, 25]) * A_MINUTE,
        chance.choice([timedelta(), lead]),
        chance.choice([ahead + 9 * A_DAY, ahead + 9 * A_DAY, horizon]),
    )


async def others_at_work(pool: Pool, chance: random.Random, day: datetime) -> None:
    """Bookings, holds, and holds that are overdue, of all dentists; where they may be."""
    for _ in range(90):
        start = day.astimezone(UTC) + chance.randrange(-12, 150) * 10 * A_MINUTE
        wish = request(
            start,
            dentist_id=chance.choice([AMARA, LENA, LENA, MATEO]),
            appointment_type=chance.choice(["checkup", "checkup", "consultation"]),
            patient_id=chance.choice([BEN, ANA]),
            limits=None,
        )
        async with pool.acquire() as connection:
            held = await booking.hold(connection, wish, CLINIC, Via.API)
        if held.outcome is Outcome.DONE:
            fate = chance.choice(["held", "booked", "overdue"])
            if fate == "booked":
                await change(pool, wish.id, Verb.CONFIRM)
            elif fate == "overdue":
                await overdue(pool, wish.id)


async def tried(
    connection: Connection, start: datetime, asker: Actor
) -> tuple[Outcome, Reason | None]:
    """What a hold comes to; it leaves nothing behind."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        wish = request(start, patient_id=NEWCOMER, limits=None)
        result = await booking.hold(connection, wish, asker, Via.API)
        return result.outcome, result.reason
    finally:
        await attempt.rollback()


async def findings(connection: Connection, offer: BookingTerms, start: datetime) -> list[Reason]:
    taken = await claims.between(
        connection,
        [offer.dentist_no],
        [offer.clinic_id] if offer.terms.needs_chair else [],
        start - A_DAY,
        start + A_DAY,
    )
    busy, chairs = taken.dentists[offer.dentist_no], taken.chairs.get(offer.clinic_id, [])
    return [finding.reason for finding in explain(offer, start, busy, chairs)]


def assert_explained(
    offer: BookingTerms, found: list[Reason], outcome: Outcome, reason: Reason | None
) -> None:
    """A refusal's reason is the first that is explained."""
    match outcome:
        case Outcome.DONE:
            assert found == []
        case Outcome.NOT_OFFERED:
            assert found[0] is reason
        case Outcome.SLOT:
            assert found[0] in (Reason.HELD, Reason.BOOKED)
        case Outcome.NO_CHAIR:
            assert found == [Reason.NO_CHAIR]
        case _:
            raise AssertionError(outcome)


def a_day(chance: random.Random, zone: str) -> datetime:
    """Local midnight of some day within a year."""
    now = datetime.now(UTC)
    same = next(each for each in zones() if zone in (each.name, *each.same))
    changes = [at for at, _ in same.changes[1:] if now + 2 * A_DAY < at < now + 360 * A_DAY]
    some = now + chance.randrange(3, 40) * A_DAY
    instant = chance.choice([*changes, some]) if chance.random() < 0.6 else some
    local = instant.astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def some_hours(chance: random.Random) -> tuple[time, time]:
    return time(chance.choice([0, 1, 2, 8, 13, 21]), chance.choice([0, 15, 30])), time(
        chance.choice([0, 3, 4, 12, 17, 23]), chance.choice([0, 15, 50])
    )
