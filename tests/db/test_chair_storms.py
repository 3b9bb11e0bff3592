"""Chairs are exchanged while everything else goes on: nothing deadlocks, nobody loses a chair."""

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import pytest
from uuid_utils.compat import uuid7

from db import account_status, booking_state, demo
from db.pool import Connection, Pool, create_pool
from domain.actors import CLINIC, Scope
from domain.appointments import Change, Hold, Move, Result, Via
from domain.booking import LIVE, Outcome, Status, Verb
from services import booking, moves
from tests.support import AMARA, ANA, BEN, LENA, MATEO, change, monday, overdue, request

CALLERS, COMMANDS, ROUNDS = 24, 30, 24
SLUGS = ("checkup", "cleaning", "filling", "consultation")
MORE_DENTISTS = ("dora", "emil", "fay")
DENTISTS = (AMARA, LENA, MATEO, *(demo.person_id("dentist", name) for name in MORE_DENTISTS))
CHLOE, DENIZ = (demo.person_id("patient", name) for name in ("chloe", "deniz"))
VERBS = (Verb.CONFIRM, Verb.CONFIRM, Verb.EXTEND, Verb.RELEASE, Verb.CANCEL, Verb.CANCEL)
MAY_BE = {
    Outcome.DONE,
    Outcome.SLOT,
    Outcome.PATIENT_OVERLAP,
    Outcome.NO_CHAIR,
    Outcome.NOT_OFFERED,
    Outcome.INVALID,
    Outcome.SAME,
    Outcome.EXPIRED,
    Outcome.EXTENDED_ENOUGH,
}


HOUR = timedelta(hours=1)


class Caller:
    """One of many who hold, move, confirm and cancel at random, all on one day of one clinic."""

    def __init__(self, seed: int, made: list[UUID]) -> None:
        self._chance = random.Random(seed)
        self._id = uuid5(demo.NAMESPACE, f"chair storm {seed}")
        self._made = made

    async def work(self, pool: Pool) -> Counter[Outcome]:
        await account_status.add_patient(pool, self._id)
        outcomes: Counter[Outcome] = Counter()
        for _ in range(COMMANDS):
            async with pool.acquire() as connection:
                result = await self._command(connection)
            outcomes[result.outcome] += 1
            if self._made and self._chance.random() < 0.1:
                await overdue(pool, self._chance.choice(self._made))
        return outcomes

    async def _command(self, connection: Connection) -> Result:
        choice = self._chance.random()
        if choice < 0.4 or not self._made:
            return await self._hold(connection)
        id = self._chance.choice(self._made)
        if choice < 0.7:
            move = Move(id, uuid7(), self._dentist(), self._start(), self._chance.choice(SLUGS))
            return await moves.reschedule(connection, move, CLINIC, Via.API, Scope())
        if choice < 0.75:
            await booking_state.expire_overdue(connection, 0, 10)
        return await booking.change(
            connection, Change(id, self._chance.choice(VERBS), uuid7()), CLINIC, Via.API
        )

    async def _hold(self, connection: Connection) -> Result:
        wish: Hold = request(
            self._start(),
            dentist_id=self._dentist(),
            patient_id=self._id,
            caller=self._id,
            appointment_type=self._chance.choice(SLUGS),
            limits=None,
        )
        if self._chance.random() < 0.5:
            result = await booking.hold(connection, wish, CLINIC, Via.API)
        else:
            confirm = Change(wish.id, Verb.CONFIRM, uuid7())
            result = await booking.book(connection, wish, confirm, CLINIC)
        if result.outcome is Outcome.DONE:
            self._made.append(wish.id)
        return result

    def _dentist(self) -> UUID:
        return self._chance.choice(DENTISTS)

    def _start(self):
        return monday(8) + timedelta(minutes=15) * self._chance.randrange(40)


@pytest.mark.parametrize("seed", [1, 2])
async def test_storm_of_commands_has_no_deadlock_and_every_visit_its_chair(dsn: str, seed: int):
    made: list[UUID] = []
    async with await create_pool(dsn, CALLERS) as pool:
        async with pool.acquire() as connection:
            for name in MORE_DENTISTS:
                await demo.add_dentist(connection, demo.CLINIC, name, name, "general")
        await pool.execute("update appointment_types set buffer_before = '5 minutes'")
        callers = [Caller(CALLERS * seed + n, made) for n in range(CALLERS)]
        outcomes = sum(await asyncio.gather(*(c.work(pool) for c in callers)), Counter())

        assert set(outcomes) <= MAY_BE
        assert await deadlocks(pool) == 0
        assert await overlaps(pool) == 0
        await assert_each_live_visit_has_what_it_needs(pool)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_exchanges_beside_changes_of_the_same_visits_leave_each_with_one_chair(
    pool: Pool, seed: int
):
    chance = random.Random(seed)
    async with pool.acquire() as connection:
        await demo.add_dentist(connection, demo.CLINIC, MORE_DENTISTS[0], "Dora", "general")
    for n in range(ROUNDS):
        at = monday((8, 14)[n % 2], weeks=1 + n // 2)
        first, second = await two_chairs_fragmented(pool, at)

        for id in (first, second):
            if chance.random() < 0.1:
                await overdue(pool, id)
        commands = [
            wish(pool, at + HOUR / 2, MATEO, CHLOE),
            wish(pool, at + 1.5 * HOUR, DENTISTS[3], DENIZ),
            change(pool, chance.choice([first, second]), chance.choice(VERBS)),
            change(pool, chance.choice([first, second]), Verb.CONFIRM),
            move(pool, chance.choice([first, second]), at + chance.choice([0.5, 1, 2]) * HOUR),
        ]
        chance.shuffle(commands)
        results = await asyncio.gather(*commands)
        assert {result.outcome for result in results} <= MAY_BE
        await assert_each_live_visit_has_what_it_needs(pool)
    assert await overlaps(pool) == 0
    assert await deadlocks(pool) == 0
    assert await exchanges(pool) > 0


async def test_an_exchange_waits_for_a_cancel_and_then_does_without_the_visit(pool: Pool):
    first, second = await two_chairs_fragmented(pool)
    async with pool.acquire() as connection:
        cancel = connection.transaction()
        await cancel.start()
        await booking.change(connection, Change(second, Verb.CANCEL, uuid7()), CLINIC, Via.API)
        held = asyncio.create_task(wish(pool, monday(9, 30), MATEO, CHLOE))
        while not await pool.fetchval(
            "select exists (select from pg_stat_activity"
            " where wait_event_type = 'Lock' and datname = current_database())"
        ):
            assert not held.done()
        await cancel.commit()
        assert (await held).outcome is Outcome.DONE
    assert await exchanges(pool) == 0
    assert await pool.fetchval("select version from appointments where id = $1", first) == 1


async def test_an_exchange_is_undone_with_the_hold_that_asked_for_it(pool: Pool):
    await two_chairs_fragmented(pool)
    async with pool.acquire() as connection:
        undone = connection.transaction()
        await undone.start()
        command = request(monday(9, 30), dentist_id=MATEO, patient_id=CHLOE)
        assert (await booking.hold(connection, command, CLINIC, Via.API)).outcome is Outcome.DONE
        assert await exchanges(connection) == 1
        await undone.rollback()
    assert await exchanges(pool) == 0
    await assert_each_live_visit_has_what_it_needs(pool)


async def wish(pool: Pool, starts_at: datetime, dentist: UUID, patient: UUID) -> Result:
    command = request(starts_at, dentist_id=dentist, patient_id=patient, limits=None)
    async with pool.acquire() as connection:
        return await booking.hold(connection, command, CLINIC, Via.API)


async def move(pool: Pool, id: UUID, starts_at: datetime) -> Result:
    command = Move(id, uuid7(), starts_at=starts_at)
    async with pool.acquire() as connection:
        return await moves.reschedule(connection, command, CLINIC, Via.API, Scope())


async def two_chairs_fragmented(pool: Pool, at: datetime | None = None) -> tuple[UUID, UUID]:
    """Two chairs; on one a visit of an hour from `at` (null: 9:00) on, on the other the next."""
    at = at or monday(9)
    await pool.execute(
        "update resources set active = false where kind = 'chair' and name = 'Chair 3'"
    )
    await pool.execute("update appointment_types set duration = '1 hour', buffer_after = '0'")
    made = []
    for starts_at, dentist, patient in ((at, AMARA, ANA), (at + HOUR, LENA, BEN)):
        held = await wish(pool, starts_at, dentist, patient)
        assert held.outcome is Outcome.DONE
        made.append(held.appointment.id)
    await pool.execute(
        """
        update slot_reservations
           set resource_no = (select no from resources where kind = 'chair' and name = 'Chair 2')
         where appointment_id = $1
           and resource_no in (select no from resources where kind = 'chair')
        """,
        made[1],
    )
    return made[0], made[1]


async def deadlocks(pool: Pool) -> int:
    return await pool.fetchval(
        "select deadlocks from pg_stat_database where datname = current_database()"
    )


async def exchanges(connection: Connection) -> int:
    return await connection.fetchval(
        "select count(*) from appointment_transitions where verb = 'assign_chair'"
    )


async def overlaps(pool: Pool) -> int:
    """How many pairs of active claims on one resource overlap."""
    return await pool.fetchval(
        """
        select count(*) from slot_reservations a join slot_reservations b
          on a.resource_no = b.resource_no and a.appointment_id < b.appointment_id
         and a.during && b.during
         where a.active and b.active
        """
    )


async def assert_each_live_visit_has_what_it_needs(pool: Pool) -> None:
    """One claim on a chair where it needs one, for its time and buffers, else none; and nothing is
    claimed by a visit that is over.
    """
    rows = await pool.fetch(
        """
        select a.status, (a.policy ->> 'needs_chair')::boolean as needs_chair,
               count(r.no) filter (where r.kind = 'chair') as chairs,
               count(s.resource_no) as claims,
               bool_and(s.during = tstzrange(
                   a.starts_at - make_interval(secs => (a.policy ->> 'buffer_before')::float8),
                   a.ends_at + make_interval(secs => (a.policy ->> 'buffer_after')::float8)))
                   filter (where r.kind = 'chair') as whole,
               a.version, (select count(*) from appointment_transitions t
                            where t.appointment_id = a.id) as transitions
          from appointments a
          left join slot_reservations s on s.appointment_id = a.id and s.active
          left join resources r on r.no = s.resource_no
         group by a.id
        """
    )
    assert rows
    for row in rows:
        assert row["version"] == row["transitions"]
        if Status(row["status"]) in LIVE:
            assert row["chairs"] == (1 if row["needs_chair"] else 0)
            assert row["claims"] == row["chairs"] + 2
            assert row["whole"] is not False
        else:
            assert row["claims"] == 0
