"""Two callers meet in Postgres at the very moment that matters; which is arranged here by a lock
that both must wait for.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from db.demo import person_id
from db.pool import Connection
from tests.acceptance.clinic import EVENT_OF, Clinic, Slot, booking
from tests.support import LENA, monday
from tests.workflows.desk import until


@asynccontextmanager
async def transaction(clinic: Clinic) -> AsyncIterator[Connection]:
    async with clinic.pool.acquire() as connection, connection.transaction():
        yield connection


async def wait_for_locks(clinic: Clinic, count: int) -> None:
    """Until so many commands wait for a row or a transaction."""

    async def waiting() -> bool:
        return count == await clinic.pool.fetchval(
            """
            select count(distinct l.pid) from pg_locks l join pg_stat_activity a using (pid)
             where not l.granted and a.datname = current_database()
            """
        )

    await until(waiting, 1.5)


async def test_two_commands_on_the_same_state_are_not_both_applied(clinic: Clinic):
    """Both see the hold; confirmed, it cannot be released, and released not be confirmed."""
    one, two = clinic.premises.one, clinic.premises.two
    for api in (one, two):  # neither has to connect to Postgres first
        await clinic.confirm(await clinic.held(api=api), api=api)
    it = await clinic.held()
    async with transaction(clinic) as connection:
        await connection.execute("select from appointments where id = $1 for update", it.id)
        asked = {
            "confirm": asyncio.create_task(clinic.confirm(it, api=one)),
            "release": asyncio.create_task(clinic.release(it, api=two)),
        }
        await wait_for_locks(clinic, 2)
    replies = {verb: await task for verb, task in asked.items()}

    assert sorted(reply.status for reply in replies.values()) == [200, 409]
    (won,) = [verb for verb, reply in replies.items() if reply.status == 200]
    (lost,) = [reply.body for reply in replies.values() if reply.status == 409]
    assert (lost["code"], lost["current"]) == ("invalid_transition", EVENT_OF[won])
    await clinic.lived({it.id: ["hold", won]})


async def test_claim_lost_over_http_leaves_nothing_claimed(clinic: Clinic):
    """Chair and dentist are won when the patient turns out to be taken: by a writer who goes round
    the locks that such claims wait for otherwise.
    """
    patient, rival = clinic.patient(), clinic.patient()
    known = await clinic.reserve(clinic.slot(), patient)
    foreign = await clinic.held()
    saturday = Slot(LENA, monday(9) + timedelta(days=5))
    claims = """
        select count(*) from slot_reservations where lower(during) = $1 and appointment_id <> $2
    """
    async with transaction(clinic) as connection:
        await connection.execute(
            """
            insert into slot_reservations (appointment_id, resource_no, during)
            select $1, no, tstzrange($3::timestamptz, $3 + interval '1 hour') from resources
             where profile_id = $2
            """,
            foreign.id,
            person_id("patient", patient),
            saturday.starts_at,
        )
        asked = asyncio.create_task(clinic.reserve(saturday, patient, kind="checkup"))
        await wait_for_locks(clinic, 1)
    reply = await asked

    assert known.status == 201
    assert (reply.status, reply.body["code"]) == (409, "patient_overlap")
    assert await clinic.pool.fetchval(claims, saturday.starts_at, foreign.id) == 0
    assert (await clinic.reserve(saturday, rival, kind="checkup")).status == 201


async def test_key_names_one_booking_at_all_apis_after_it_ends(clinic: Clinic):
    slot, patient, key = clinic.slot(), clinic.patient(), clinic.key()
    apis = [clinic.premises.one, clinic.premises.two] * 10
    replies = await asyncio.gather(
        *(clinic.reserve(slot, patient, api=api, key=key) for api in apis)
    )
    assert Counter(reply.status for reply in replies) == {201: 1, 200: 19}
    assert len({reply.body["id"] for reply in replies}) == 1

    it = booking(replies[0], patient, slot)
    await clinic.cancel(it)
    await clinic.lived({it.id: ["hold", "cancel"]})  # its workflow has closed
    again = await clinic.reserve(slot, patient, key=key)
    assert (again.status, again.body["id"], again.body["status"]) == (200, str(it.id), "cancelled")
    other = await clinic.reserve(clinic.slot(), patient, key=key)
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    await clinic.lived({it.id: ["hold", "cancel"]})
