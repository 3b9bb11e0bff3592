"""Triggers, outbox and log: what is committed is told, once, in order, and nothing else is."""

import asyncio
import json
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from db import outbox
from domain.actors import CLINIC
from domain.appointments import Change, Via
from domain.booking import Verb
from domain.events import Kind
from services import booking
from tests.realtime.listening import assert_each_once_in_order, committed, logged, sequenced
from tests.realtime.traffic import LIVES, churn, one_life, wish
from tests.support import AMARA, LENA, change, hold, patient

NAIVE = (Path(__file__).parent / "naive.sql").read_text()

WRITTEN_BY_PEOPLE = "the patient is afraid of drills"


async def drain(pool) -> None:
    async with pool.acquire() as connection:
        while await outbox.relay(connection, 100):
            pass


async def late_commit(pool) -> None:
    """One transaction is open while another one commits and is relayed; then it commits too."""
    early, late = wish(0), wish(17)  # of another dentist and patient, so that neither waits
    async with pool.acquire() as connection:
        async with connection.transaction():
            await booking.hold(connection, late, patient(late.patient_id), Via.API)
            await hold(pool, early)
            await drain(pool)
            assert await logged(pool) == [(str(early.id), 1)]
    await drain(pool)


async def test_each_committed_change_is_one_event_and_a_rolled_back_one_is_none(pool):
    await churn(pool, range(60))
    await drain(pool)
    changes = await committed(pool)
    assert len(changes) > 100
    assert_each_once_in_order(await logged(pool), changes)


async def test_the_traffic_of_the_drills_uses_every_verb(pool):
    for number in range(len(LIVES)):
        await one_life(pool, number)
    verbs = await pool.fetch("select distinct verb from appointment_transitions")
    assert {row["verb"] for row in verbs} == set(Verb)
    assert not await pool.fetchval("select exists (select from appointments where is_live(status))")


async def test_transactions_that_commit_out_of_order_lose_nothing(pool):
    await late_commit(pool)
    assert_each_once_in_order(await logged(pool), await committed(pool))


async def test_a_relay_that_tails_by_id_would_lose_them(pool):
    """The proof that the tests above can fail."""
    await pool.execute(NAIVE)
    await late_commit(pool)
    assert set(await logged(pool)) < await committed(pool)


async def test_the_order_of_a_booking_is_the_order_of_its_commits_though_all_write_at_once(pool):
    command = wish(0)
    await hold(pool, command)
    await change(pool, command.id, Verb.CONFIRM)

    async def edit(writer: int) -> None:
        for number in range(10):
            texts = {"notes": f"{writer}, {number}"}  # the same text again would change nothing
            await change(pool, command.id, Verb.EDIT, texts=texts)

    async def relay() -> None:
        while True:
            await drain(pool)
            await asyncio.sleep(0.002)

    relaying = asyncio.create_task(relay())
    await asyncio.gather(*map(edit, range(8)))
    head = await sequenced(pool)
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    assert head > 80
    assert_each_once_in_order(await logged(pool), await committed(pool))


async def test_numbers_are_dense_even_if_two_relay_at_once(pool):
    async def relay() -> None:
        async with pool.acquire() as connection:
            for _ in range(200):
                await outbox.relay(connection, 3)

    await asyncio.gather(churn(pool, range(30)), relay(), relay())
    await drain(pool)
    seqs = [row["seq"] for row in await pool.fetch("select seq from realtime_events order by seq")]
    assert seqs == list(range(1, len(seqs) + 1))
    assert await pool.fetchval("select head from realtime_epoch") == len(seqs)
    assert_each_once_in_order(await logged(pool), await committed(pool))


async def test_an_event_holds_ids_codes_and_times_and_nothing_that_a_person_wrote(pool):
    command = wish(0, notes=WRITTEN_BY_PEOPLE)
    await hold(pool, command)
    await change(
        pool, command.id, Verb.CANCEL, reason="ill", texts={"cancel_note": WRITTEN_BY_PEOPLE}
    )
    payloads = [row["payload"] for row in await pool.fetch("select payload from outbox")]
    assert len(payloads) == 4
    assert WRITTEN_BY_PEOPLE not in json.dumps(payloads)
    slots = [payload for payload in payloads if "id" not in payload]
    allowed = {"dentist_id", "starts_at", "ends_at", "state", "held_until", "from", "until"}
    assert len(slots) == 2
    assert all(set(slot) <= allowed for slot in slots)


async def test_who_can_see_a_moved_booking_is_told_and_who_no_longer_can_that_it_is_gone(pool):
    agent = uuid7()
    command = wish(0)
    await hold(pool, command)
    await pool.execute(
        """
        update appointments
           set dentist_id = $2, maker = $3, version = version + 1, verb = 'reschedule',
               command_id = null
         where id = $1
        """,
        command.id,
        LENA,
        f"agent:{agent}",
    )
    rows = await pool.fetch("select * from outbox where topic = 'appointments' order by id")
    assert set(rows[0]["audience"]) == {AMARA, command.patient_id}
    assert set(rows[1]["audience"]) == {LENA, command.patient_id, agent}
    gone = rows[2]
    assert (gone["kind"], gone["audience"]) == (Kind.REMOVED, [AMARA])
    assert gone["payload"] == {"id": str(command.id)}


@pytest.mark.parametrize("limit", [1, 2, 1000])
async def test_a_batch_moves_no_more_than_its_limit_and_says_how_many(pool, limit):
    for number in range(3):
        await hold(pool, wish(number))
    moved = []
    async with pool.acquire() as connection:
        while batch := await outbox.relay(connection, limit):
            moved.append(batch)
    assert sum(moved) == 6
    assert max(moved) == min(limit, 6)


async def test_the_board_frees_a_slot_before_another_takes_it(pool):
    """A move, and a hold that expires in the way of the next one: never two states at once."""
    first = wish(0)
    await hold(pool, first)
    async with pool.acquire() as connection:
        async with connection.transaction():
            release = Change(first.id, Verb.RELEASE, uuid7())
            await booking.change(connection, release, CLINIC, Via.API)
            await booking.hold(connection, wish(0), patient(first.patient_id), Via.API)
    await drain(pool)
    rows = await pool.fetch(
        "select kind from realtime_events where topic = 'availability' order by seq"
    )
    assert [row["kind"] for row in rows] == [Kind.SLOT_HELD, Kind.SLOT_FREE, Kind.SLOT_HELD]
