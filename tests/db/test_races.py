"""Two writers meet at the row or claim that both want: one wins, the other leaves nothing. A lock
that both must wait for brings them there together.
"""

import asyncio
from datetime import timedelta

from db.pool import Pool
from domain.booking import Outcome, Verb
from tests.support import ANA, BEN, HANG, LENA, change, hold, monday, request


async def test_commands_that_read_the_same_version_are_not_both_carried_out(pool):
    command = request(monday(9))
    await hold(pool, command)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select from appointments where id = $1 for update", command.id)
        tasks = [
            asyncio.create_task(change(pool, command.id, verb))
            for verb in (Verb.CONFIRM, Verb.RELEASE)
        ]
        await wait_for_locks(pool, 2)
    outcomes = [(await task).outcome for task in tasks]
    assert sorted(outcomes) == [Outcome.DONE, Outcome.INVALID]
    assert await pool.fetchval("select count(*) from appointment_transitions") == 2


async def test_claim_lost_at_its_last_step_leaves_nothing_claimed(pool):
    """A writer without the advisory locks claims the patient after chair and dentist are won."""
    foreign = request(monday(15), patient_id=BEN, caller=BEN)
    await hold(pool, foreign)
    wanted = request(monday(9), dentist_id=LENA)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            """
            insert into slot_reservations (appointment_id, resource_no, during)
            select $1, no, tstzrange($3::timestamptz, $3 + $4::interval) from resources
             where profile_id = $2
            """,
            foreign.id,
            ANA,
            wanted.starts_at,
            timedelta(hours=1),
        )
        asked = asyncio.create_task(hold(pool, wanted))
        await wait_for_locks(pool, 1)
    assert (await asked).outcome is Outcome.PATIENT_OVERLAP
    assert not await pool.fetchval(
        "select exists (select from slot_reservations where appointment_id = $1)", wanted.id
    )
    rival = request(monday(9), dentist_id=LENA, patient_id=BEN, caller=BEN)
    assert (await hold(pool, rival)).outcome is Outcome.DONE


async def wait_for_locks(pool: Pool, count: int) -> None:
    """Until so many sessions of this database wait for a lock."""
    waiting = """
        select count(distinct l.pid) from pg_locks l join pg_stat_activity a using (pid)
         where not l.granted and a.datname = current_database()
    """
    async with asyncio.timeout(HANG):
        while await pool.fetchval(waiting) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
