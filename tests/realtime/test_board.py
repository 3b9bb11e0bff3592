"""Who follows the board learns of everything that changes what is offered, and of little else."""

import asyncio
import random
from datetime import datetime
from uuid import UUID

import pytest

from db.pool import Connection, Pool
from domain.booking import Outcome, Verb
from domain.events import Event, Kind
from tests.realtime.board import VISIT, Reader, Traffic, exchange_chairs, names, relayed
from tests.support import AMARA, BEN, LENA, MATEO, change, hold, monday, overdue, request

OTHERS = {LENA, MATEO}
ALL = {AMARA, *OTHERS}
LENAS = "(select resource_no from dentists where specialty = 'Orthodontics')"


@pytest.fixture
async def one_chair(pool: Pool) -> Pool:
    """A clinic with one chair, and nothing to tell yet."""
    await chairs(pool, 1)
    await relayed(pool)
    return pool


@pytest.mark.parametrize("seed", range(6))
async def test_board_kept_by_events_equals_a_fresh_read(pool, seed):
    """Readers come at any time, hear of several changes at once, and are told late."""
    first, chance = monday(8, weeks=3), random.Random(seed)
    await chairs(pool, 1 + seed % 2)
    traffic, readers = Traffic(pool, seed, first), []
    for _ in range(40):
        if chance.random() < 0.1:
            readers.append(Reader(pool, first.date()))
            await readers[-1].load()
        await asyncio.gather(*(traffic.something() for _ in range(chance.choice([1, 1, 1, 3]))))
        if chance.random() < 0.3:
            await traffic.sweep()
            await tell(pool, readers)
            for reader in readers:
                assert await reader.errs() == {}


@pytest.mark.parametrize(
    ("edit", "whom"),
    [
        ("insert into resources (clinic_id, kind, name) select id, 'chair', 'C' from clinics", ALL),
        ("update resources set active = false where name = 'Chair 2'", ALL),
        ("delete from resources where name = 'Chair 2'", ALL),
        ("update resources set name = 'C' where name = 'Chair 2'", set()),
        ("update appointment_types set duration = '40 minutes' where slug = 'filling'", ALL),
        ("update appointment_types set bookable_online = false where slug = 'filling'", ALL),
        ("update appointment_types set slug = 'crown' where slug = 'filling'", ALL),
        ("delete from appointment_types where slug = 'filling'", ALL),
        ("update appointment_types set name = 'C'", set()),
        ("update clinics set time_zone = 'Europe/London'", ALL),
        ("update clinics set slot_grid_minutes = 10", ALL),
        ("update clinics set name = 'C'", set()),
        ("update dentists set bookable = false where specialty = 'Endodontics'", {MATEO}),
        ("update dentists set bio = 'C'", set()),
        ("update profiles set active = false where full_name like '%Silva'", {MATEO}),
        ("update profiles set role = 'admin' where full_name like '%Silva'", {MATEO}),
        ("update profiles set locale = 'de'", set()),
        ("update dentists set specialty = 'C' where specialty = 'Endodontics'", {MATEO}),
        (f"update weekly_hours set resource_no = {LENAS}", ALL),
        ("select profile_erase(id, 'system') from profiles where full_name like '%Silva'", {MATEO}),
    ],
)
async def test_edit_notifies_dentists_whose_slots_change(pool, edit, whom):
    await pool.execute(edit)
    told = await changes(pool)
    assert {event.entity_id for event in told} == whom
    assert all(names(event, monday(9)) for event in told)


async def test_last_chair_notifies_other_dentists_of_that_time_only(one_chair):
    wish = request(monday(9))
    await hold(one_chair, wish)
    told = await changes(one_chair)
    assert {event.entity_id for event in told} == OTHERS
    await change(one_chair, wish.id, Verb.CONFIRM)
    assert await changes(one_chair) == []
    await change(one_chair, wish.id, Verb.CANCEL)
    assert {event.entity_id for event in await changes(one_chair)} == OTHERS


async def test_hours_moved_to_another_dentist_notify_both(pool):
    await pool.execute(
        f"""
        insert into schedule_exceptions (clinic_id, resource_no, on_date, kind)
        select id, {LENAS}, '2030-01-07', 'closed' from clinics
        """
    )
    await relayed(pool)
    await pool.execute(
        """
        update schedule_exceptions
           set resource_no = (select resource_no from dentists where specialty = 'Endodontics')
        """
    )
    assert {event.entity_id for event in await changes(pool)} == OTHERS


async def test_check_in_keeps_the_chair_and_notifies_other_dentists(one_chair):
    """The chair is kept from the arrival on, and free again once the visit is over."""
    wish = request(monday(14))
    await hold(one_chair, wish)
    await change(one_chair, wish.id, Verb.CONFIRM)
    await relayed(one_chair)
    for whom in (ALL, set(), ALL):
        await one_chair.execute(VISIT, wish.id)
        told = [event for event in await changes(one_chair) if names(event, monday(9))]
        assert {event.entity_id for event in told} == whom


async def test_taken_chair_notifies_nobody_while_another_is_free(pool):
    await chairs(pool, 2)
    await relayed(pool)
    first, second = request(monday(9)), request(monday(9), dentist_id=LENA, patient_id=BEN)
    await hold(pool, first)
    assert await changes(pool) == []
    await hold(pool, second)
    assert {event.entity_id for event in await changes(pool)} == {AMARA, MATEO}


async def test_concurrent_holds_of_the_last_two_chairs_notify(pool):
    """Neither transaction sees the other's claim."""
    await chairs(pool, 2)
    wishes = [request(monday(11)), request(monday(11), dentist_id=LENA, patient_id=BEN)]
    for wish in wishes:
        await hold(pool, wish)
    await relayed(pool)
    async with pool.acquire() as one, pool.acquire() as other:
        async with one.transaction(), other.transaction():
            await chair_at(one, wishes[0].id, monday(9))
            await chair_at(other, wishes[1].id, monday(9))
    told = [event for event in await changes(pool) if event.entity_id == MATEO]
    assert any(names(event, monday(9)) for event in told)


async def test_chair_taken_from_an_overdue_hold_notifies(one_chair):
    """Its time counted as free, with others who loaded meanwhile."""
    late = request(monday(9))
    await hold(one_chair, late)
    await overdue(one_chair, late.id)
    await relayed(one_chair)
    took = await hold(one_chair, request(monday(9), dentist_id=LENA, patient_id=BEN))
    assert took.outcome is Outcome.DONE
    assert MATEO in {event.entity_id for event in await changes(one_chair)}


async def test_chair_exchange_notifies_no_other_dentist(pool):
    await chairs(pool, 2)
    await hold(pool, request(monday(9)))
    await hold(pool, request(monday(9), dentist_id=LENA, patient_id=BEN))
    await relayed(pool)
    async with pool.acquire() as connection, connection.transaction():
        await exchange_chairs(connection)
    assert await changes(pool) == []


async def tell(pool: Pool, readers: list[Reader]) -> None:
    told = await relayed(pool)
    for reader in readers:
        await reader.hear(told)


async def changes(pool: Pool) -> list[Event]:
    return [event for event in await relayed(pool) if event.kind == Kind.SCHEDULE_CHANGED]


async def chair_at(connection: Connection, id: UUID, starts_at: datetime) -> None:
    """Claims the chair of a booking for another time, for as long as before."""
    await connection.execute(
        """
        update slot_reservations s
           set during = tstzrange($2, $2::timestamptz + (upper(during) - lower(during)))
          from resources r where r.no = s.resource_no and r.kind = 'chair' and s.appointment_id = $1
        """,
        id,
        starts_at,
    )


async def chairs(pool: Pool, number: int) -> None:
    """Leaves the clinic so many chairs."""
    await pool.execute(
        "update resources set active = name <= $1 where kind = 'chair'", f"Chair {number}"
    )
