"""Many callers at once: a slot is sold once, quotas hold, nothing deadlocks."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import cycle
from uuid import uuid5

import asyncpg
import pytest

from db import account_status, demo
from db.pool import Pool, create_pool
from domain.appointments import Result, Via
from domain.booking import Outcome
from domain.patient_limits import HOLD_QUOTA
from services import booking
from tests.support import AMARA, HANG, LENA, MATEO, key, monday, overdue, patient, request

CALLERS = 200
ROUNDS = 20


@pytest.fixture
async def crowd(dsn: str) -> AsyncIterator[Pool]:
    """A pool with a real connection for each caller, all of them open."""
    async with await create_pool(dsn, CALLERS) as pool:
        taken = await asyncio.gather(*(pool.acquire() for _ in range(CALLERS)))
        await asyncio.gather(*(pool.release(connection) for connection in taken))
        for n in range(CALLERS):
            await account_status.add_patient(pool, uuid5(demo.NAMESPACE, str(n)))
        yield pool


def nth(n: int):
    return uuid5(demo.NAMESPACE, str(n))


async def storm(pool: Pool, requests: list) -> list[tuple[Result, float]]:
    """All requests at once, each on its own connection; its result and how long it took."""

    async def one(command) -> tuple[Result, float]:
        async with pool.acquire() as connection:
            began = time.perf_counter()
            result = await booking.hold(connection, command, patient(command.patient_id), Via.API)
            return result, time.perf_counter() - began

    return await asyncio.gather(*(one(command) for command in requests))


async def conflicts(pool: Pool) -> int:
    """How many pairs of active claims on one resource overlap."""
    return await pool.fetchval(
        """
        select count(*) from slot_reservations a join slot_reservations b
          on a.resource_no = b.resource_no and a.appointment_id < b.appointment_id
         and a.during && b.during
         where a.active and b.active
        """
    )


async def errors(pool: Pool) -> int:
    """Deadlocks in this database so far."""
    return await pool.fetchval(
        "select deadlocks from pg_stat_database where datname = current_database()"
    )


def slots(n: int) -> list:
    """Times that do not touch each other."""
    return [monday(hour, weeks=week) for week in range(1, 9) for hour in (8, 9, 10, 13, 14, 15)][:n]


async def test_a_slot_is_sold_once_to_200_callers_at_once(crowd):
    for starts_at in slots(ROUNDS):
        asked = [
            request(starts_at, patient_id=nth(n), caller=nth(n), limits=None)
            for n in range(CALLERS)
        ]
        results = await storm(crowd, asked)
        outcomes = Counter(result.outcome for result, _ in results)
        assert outcomes == {Outcome.DONE: 1, Outcome.SLOT: CALLERS - 1}
        assert max(took for _, took in results) < HANG
    assert await errors(crowd) == 0


async def test_overlapping_but_unequal_times_are_never_both_sold(crowd):
    for starts_at in slots(ROUNDS):
        asked = [
            request(
                starts_at + timedelta(minutes=15 * (n % 4)),
                patient_id=nth(n),
                caller=nth(n),
                limits=None,
                appointment_type=("checkup", "cleaning", "consultation")[n % 3],
            )
            for n in range(CALLERS)
        ]
        results = await storm(crowd, asked)
        assert {result.outcome for result, _ in results} <= {
            Outcome.DONE,
            Outcome.SLOT,
            Outcome.NOT_OFFERED,
        }
        assert any(result.outcome is Outcome.DONE for result, _ in results)
        assert await conflicts(crowd) == 0
    assert await errors(crowd) == 0


async def test_a_slot_kept_by_an_overdue_hold_is_sold_once(crowd):
    for starts_at in slots(5):
        first = await storm(crowd, [request(starts_at)])
        await overdue(crowd, first[0][0].appointment.id)
        results = await storm(
            crowd,
            [
                request(starts_at, patient_id=nth(n), caller=nth(n), limits=None)
                for n in range(CALLERS)
            ],
        )
        assert Counter(result.outcome for result, _ in results) == {
            Outcome.DONE: 1,
            Outcome.SLOT: CALLERS - 1,
        }
    assert await conflicts(crowd) == 0


async def test_two_chairs_serve_two_dentists_and_no_third(crowd):
    await crowd.execute("update resources set active = false where name = 'Chair 3'")
    for starts_at in slots(ROUNDS):
        asked = [
            request(starts_at, dentist_id=dentist, patient_id=nth(n), caller=nth(n), limits=None)
            for n, dentist in zip(range(60), cycle((AMARA, LENA, MATEO)), strict=False)
        ]
        results = await storm(crowd, asked)
        outcomes = Counter(result.outcome for result, _ in results)
        assert outcomes[Outcome.DONE] == 2
        assert set(outcomes) == {Outcome.DONE, Outcome.SLOT, Outcome.NO_CHAIR}
    assert await conflicts(crowd) == 0
    assert await errors(crowd) == 0


async def test_a_patient_who_asks_for_fifty_slots_at_once_holds_two(crowd):
    asked = [
        request(starts_at, dentist_id=dentist)
        for starts_at in slots(25)
        for dentist in (LENA, MATEO)
    ]
    results = await storm(crowd, asked)
    outcomes = Counter(result.outcome for result, _ in results)
    assert outcomes[Outcome.DONE] == HOLD_QUOTA
    assert set(outcomes) <= {Outcome.DONE, Outcome.QUOTA, Outcome.PATIENT_OVERLAP}


async def test_one_key_sent_fifty_times_at_once_is_one_booking(crowd):
    for starts_at in slots(10):
        once = key(str(starts_at))
        results = await storm(crowd, [request(starts_at, limits=None, key=once) for _ in range(50)])
        assert Counter(result.outcome for result, _ in results) == {
            Outcome.DONE: 1,
            Outcome.REPEAT: 49,
        }
        assert len({result.appointment.id for result, _ in results}) == 1


async def test_without_the_function_the_constraint_still_refuses_a_second_claim(pool):
    first = (await storm(pool, [request(monday(9))]))[0][0].appointment.id
    claim = await pool.fetchrow(
        "select resource_no, during from slot_reservations where appointment_id = $1", first
    )
    with pytest.raises(asyncpg.ExclusionViolationError):
        await pool.execute(
            "insert into slot_reservations (appointment_id, resource_no, during)"
            " values ($1, $2, $3)",
            first,
            claim["resource_no"],
            claim["during"],
        )
