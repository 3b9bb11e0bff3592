"""What one patient may hold and book, and what twenty hostile ones can take together."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from db import booking_state, demo
from db.pool import Pool
from domain.booking import MAX_EXTENSIONS
from domain.patient_limits import BOOKING_QUOTA, HOLD_QUOTA, RELEASE_WINDOW
from tests.support import AMARA, ANA, BEN, LENA, monday, overdue

RESERVE = "/api/availability/reserve"
CREATE = "/api/appointments"
HOLD_LENGTH = timedelta(minutes=5)
SHORT = "demo-short-hold"
"""A type that is held for five seconds."""

TIMES = [monday(h, weeks=week) for week in range(1, 8) for h in (8, 9, 10, 13, 14, 15)]
"""Far enough apart for a patient to have them all."""


def wanted(at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "dentist_id": str(AMARA),
        "starts_at": (at or monday(9)).isoformat(),
        "appointment_type": "checkup",
    } | fields


async def reserve(api, headers, at: datetime | None = None, **fields):
    return await api.post(RESERVE, json=wanted(at, **fields), headers=headers)


async def book(api, headers, at: datetime | None = None, **fields):
    return await api.post(CREATE, json=wanted(at, **fields), headers=headers)


async def time_passes(pool: Pool, by: timedelta) -> None:
    """As if all that was done had been done earlier; visits stay where they are."""
    await rewrite(
        pool,
        "hold_expires_at = hold_expires_at - $1::interval,"
        " updated_at = updated_at - $1::interval, created_at = created_at - $1::interval",
        by,
    )


async def rewrite(pool: Pool, sets: str, *values: Any, where: str = "true") -> None:
    """Sets columns of appointments, unnoticed by triggers."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(f"update appointments set {sets} where {where}", *values)


async def release(api, headers, pool, id):
    assert (await api.delete(f"{RESERVE}/{id}", headers=headers)).status_code == 200


async def cancel(api, headers, pool, id):
    answer = await api.post(f"{CREATE}/{id}/cancel", json={"reason": "other"}, headers=headers)
    assert answer.status_code == 200


async def expire(api, headers, pool, id):
    await overdue(pool, id)


async def expire_and_sweep(api, headers, pool, id):
    await overdue(pool, id)
    async with pool.acquire() as connection:
        assert len(await booking_state.expire_overdue(connection, 0, 10)) == 1


async def extend_and_release(api, headers, pool, id):
    for _ in range(MAX_EXTENSIONS):
        assert (await api.post(f"{RESERVE}/{id}/extend", headers=headers)).status_code == 200
    await release(api, headers, pool, id)


GIVE_UP = (release, cancel, expire, expire_and_sweep, extend_and_release)


def _names(ways) -> str:
    return " ".join(way.__name__ for way in ways)


async def give_up_twice(api, headers, pool, at=None, ways=(release, release), **fields):
    for way in ways:
        held = await reserve(api, headers, at, **fields)
        assert held.status_code == 201, held.text
        await way(api, headers, pool, held.json()["id"])


def refused(answer, code: str) -> bool:
    problem = answer.json()
    wait = int(answer.headers.get("Retry-After", 0))
    return (answer.status_code, problem.get("code")) == (429, code) and wait >= 1


@pytest.mark.parametrize("ways", list(product(GIVE_UP, GIVE_UP)), ids=_names)
async def test_a_time_given_up_twice_is_not_held_again_for_a_hold_length(api, as_, pool, ways):
    ana = as_("patient", "ana")
    await give_up_twice(api, ana, pool, ways=ways)

    again = await reserve(api, ana)

    assert refused(again, "hold_cooldown"), again.text
    wait = int(again.headers["Retry-After"])
    until = datetime.fromisoformat(again.json()["held_until"])
    left = until - datetime.fromisoformat(again.json()["server_time"])
    assert 0 < wait - left.total_seconds() < 1
    assert left <= HOLD_LENGTH
    await time_passes(pool, timedelta(seconds=wait))
    assert (await reserve(api, ana)).status_code == 201


@pytest.mark.parametrize("way", GIVE_UP)
async def test_one_released_hold_starts_no_cooldown(api, as_, pool, way):
    ana = as_("patient", "ana")
    held = await reserve(api, ana)
    await way(api, ana, pool, held.json()["id"])
    assert (await reserve(api, ana)).status_code == 201


async def test_the_cooldown_is_about_this_patient_this_dentist_and_this_time(api, as_, pool):
    ana = as_("patient", "ana")
    await give_up_twice(api, ana, pool, monday(9, 30))
    for minute in (15, 30, 45):
        assert refused(await reserve(api, ana, monday(9, minute)), "hold_cooldown")
    allowed = (
        await reserve(api, ana, monday(8, 45)),
        await reserve(api, ana, monday(9, 30), dentist_id=str(LENA)),
        await reserve(api, as_("patient", "ben"), monday(9, 30)),
    )
    assert [answer.status_code for answer in allowed] == [201] * 3, [a.text for a in allowed]


async def test_overlapping_holds_count_for_the_cooldown(api, as_, pool):
    ana = as_("patient", "ana")
    for at in (monday(9), monday(9, 15)):
        held = await reserve(api, ana, at)
        await release(api, ana, pool, held.json()["id"])
    assert refused(await reserve(api, ana, monday(9)), "hold_cooldown")
    assert (await reserve(api, ana, monday(9, 30))).status_code == 201  # overlaps one alone


@pytest.mark.parametrize("order", [("checkup", SHORT), (SHORT, "checkup")], ids=str)
async def test_the_longest_hold_given_up_says_how_long_one_waits(api, as_, pool, order):
    """A hold of five seconds must not end the wait for one of five minutes."""
    ana = as_("patient", "ana")
    for slug in order:
        held = await reserve(api, ana, appointment_type=slug)
        await release(api, ana, pool, held.json()["id"])
    await time_passes(pool, timedelta(seconds=6))
    assert refused(await reserve(api, ana), "hold_cooldown")
    await time_passes(pool, HOLD_LENGTH)
    assert (await reserve(api, ana)).status_code == 201


async def test_a_time_given_up_twice_can_be_booked_at_once(api, as_, pool):
    ana = as_("patient", "ana")
    await give_up_twice(api, ana, pool)
    assert (await book(api, ana)).status_code == 201


async def test_two_times_more_than_an_hour_apart_cost_nothing(api, as_, pool):
    ana = as_("patient", "ana")
    for _ in range(3):
        held = await reserve(api, ana)
        assert held.status_code == 201, held.text
        await release(api, ana, pool, held.json()["id"])
        await time_passes(pool, RELEASE_WINDOW + timedelta(seconds=1))


async def test_a_refused_hold_never_counts(api, as_, pool):
    ana, ben = as_("patient", "ana"), as_("patient", "ben")
    kept = (await reserve(api, ben)).json()["id"]
    for _ in range(5):
        assert (await reserve(api, ana)).json()["code"] == "slot_unavailable"
    await release(api, ben, pool, kept)
    await give_up_twice(api, ana, pool)
    first = (await reserve(api, ana)).json()["held_until"]
    for _ in range(5):
        assert (await reserve(api, ana)).json()["held_until"] == first
    await time_passes(pool, HOLD_LENGTH)
    assert (await reserve(api, ana)).status_code == 201


async def test_a_booking_that_is_cancelled_is_no_hold_given_up(api, as_, pool):
    ana = as_("patient", "ana")
    for _ in range(3):
        held = (await reserve(api, ana)).json()["id"]
        assert (await api.post(f"{CREATE}/{held}/confirm", headers=ana)).status_code == 200
        await cancel(api, ana, pool, held)
    assert (await reserve(api, ana)).status_code == 201


async def test_staff_are_not_bound_and_what_they_give_up_is_not_the_patients(api, as_, pool):
    ana, admin = as_("patient", "ana"), as_("admin")
    for _ in range(3):
        await give_up_twice(api, admin, pool, patient_id=str(ANA))
        held = (await reserve(api, ana)).json()["id"]
        await release(api, admin, pool, held)
    await give_up_twice(api, ana, pool)
    assert refused(await reserve(api, ana), "hold_cooldown")
    assert (await reserve(api, admin, patient_id=str(ANA))).status_code == 201


async def test_what_an_agent_gives_up_counts_for_the_patient(api, as_, pool):
    agent = as_("agent")
    for _ in range(2):
        held = (await reserve(api, agent, patient_id=str(BEN))).json()
        token = agent | {"X-Hold-Token": held["hold_token"]}
        await release(api, token, pool, held["id"])
    for who, fields in ((agent, {"patient_id": str(BEN)}), (as_("patient", "ben"), {})):
        assert refused(await reserve(api, who, **fields), "hold_cooldown")


async def test_a_patient_has_ten_visits_ahead_at_most(api, as_, pool):
    ana = as_("patient", "ana")
    made = [await book(api, ana, at) for at in TIMES[:BOOKING_QUOTA]]
    assert {answer.status_code for answer in made} == {201}
    for attempt in (book, reserve):
        one_more = await attempt(api, ana, TIMES[BOOKING_QUOTA])
        assert refused(one_more, "booking_quota"), one_more.text
        until = datetime.fromisoformat(one_more.json()["held_until"])
        assert until == TIMES[0]
    await cancel(api, ana, pool, made[0].json()["id"])
    assert (await book(api, ana, TIMES[BOOKING_QUOTA])).status_code == 201


async def test_holds_and_requests_count_as_visits_ahead(api, as_, pool):
    ana = as_("patient", "ana")
    await pool.execute("update appointment_types set needs_approval = true where slug = 'cleaning'")
    for n, at in enumerate(TIMES[: BOOKING_QUOTA - 1]):
        kind = ("checkup", "cleaning")[n % 2]
        assert (await book(api, ana, at, appointment_type=kind)).status_code == 201
    held = (await reserve(api, ana, TIMES[BOOKING_QUOTA])).json()
    until = (await book(api, ana, TIMES[-1])).json()
    assert (until["code"], until["held_until"]) == ("booking_quota", held["hold_expires_at"])
    assert (await api.post(f"{CREATE}/{held['id']}/confirm", headers=ana)).status_code == 200
    assert refused(await book(api, ana, TIMES[-1]), "booking_quota")


async def test_what_staff_book_does_not_count_and_staff_may_book_more(api, as_, pool):
    ana, admin = as_("patient", "ana"), as_("admin")
    for at in TIMES[:BOOKING_QUOTA]:
        assert (await book(api, admin, at, patient_id=str(ANA))).status_code == 201
    for at in TIMES[BOOKING_QUOTA : 2 * BOOKING_QUOTA]:
        assert (await book(api, ana, at)).status_code == 201
    assert refused(await book(api, ana, TIMES[-1]), "booking_quota")
    assert (await book(api, admin, TIMES[-1], patient_id=str(ANA))).status_code == 201


async def test_visits_that_are_over_do_not_count(api, as_, pool):
    ana = as_("patient", "ana")
    for at in TIMES[:BOOKING_QUOTA]:
        assert (await book(api, ana, at)).status_code == 201
    past = "starts_at = starts_at - interval '1 year', ends_at = ends_at - interval '1 year'"
    await rewrite(pool, past, TIMES[0], where="starts_at = $1")
    assert (await book(api, ana, TIMES[-1])).status_code == 201
    assert refused(await book(api, ana, TIMES[-2]), "booking_quota")


async def test_forty_bookings_asked_for_at_once_are_ten(api, as_, pool):
    ana = as_("patient", "ana")
    answers = await asyncio.gather(*(book(api, ana, at) for at in TIMES[:40]))
    codes = Counter(answer.status_code for answer in answers)
    assert codes == {201: BOOKING_QUOTA, 429: 40 - BOOKING_QUOTA}
    count = "select count(*) from appointments where status = 'booked'"
    assert await pool.fetchval(count) == BOOKING_QUOTA


ACCOUNTS = 20
STEP = timedelta(minutes=5)


async def opened(pool: Pool) -> list[datetime]:
    """A long day of Amara's: a visit of ten minutes every ten minutes, from 0 to 16 o'clock."""
    await pool.execute("delete from schedule_exceptions")
    await pool.execute(
        "update appointment_types set duration = '10 minutes', buffer_before = '0',"
        " buffer_after = '0', needs_chair = false where slug = 'checkup' and clinic_id = $1",
        demo.CLINIC,
    )
    await pool.execute("update clinics set slot_grid_minutes = 10")
    await pool.execute(
        "update weekly_hours w set starts = '00:00', ends = '16:00' from dentists d"
        " where d.resource_no = w.resource_no and d.profile_id = $1",
        AMARA,
    )
    return [monday(0) + timedelta(minutes=10 * n) for n in range(96)]


async def held_now(pool: Pool) -> dict[str, list[datetime]]:
    rows = await pool.fetch(
        "select patient_id::text as who, starts_at from appointments"
        " where status = 'held' and hold_expires_at > clock_timestamp()"
    )
    found: dict[str, list[datetime]] = {}
    for row in rows:
        found.setdefault(row["who"], []).append(row["starts_at"].astimezone(UTC))
    return found


async def test_twenty_hostile_accounts_take_no_more_than_the_docs_say(api, as_, pool):
    """They hold whatever they can, extend it to the end, give it up and hold again, for two hours;
    then they book whatever they can.
    """
    day = await opened(pool)
    accounts = [as_("patient", f"hostile {n}") for n in range(ACCOUNTS)]
    chance = random.Random(1)
    mine: list[list[str]] = [[] for _ in accounts]

    async def grab(n: int) -> None:
        """The worst that one account can do in a moment."""
        for id in mine[n]:
            extended = await api.post(f"{RESERVE}/{id}/extend", headers=accounts[n])
            if extended.status_code != 200:
                await api.delete(f"{RESERVE}/{id}", headers=accounts[n])
        for at in chance.sample(day, 4):
            held = await reserve(api, accounts[n], at)
            if held.status_code == 201:
                mine[n] = [*mine[n], held.json()["id"]][-HOLD_QUOTA:]

    most = 0
    for _ in range(24):
        await asyncio.gather(*(grab(n) for n in range(ACCOUNTS)))
        held = await held_now(pool)
        most = max(most, sum(map(len, held.values())))
        assert max(map(len, held.values())) <= HOLD_QUOTA
        await time_passes(pool, STEP - timedelta(seconds=1))
    assert most == ACCOUNTS * HOLD_QUOTA == 40

    await time_passes(pool, timedelta(hours=1))
    booked = 0
    for at in day:
        for n in chance.sample(range(ACCOUNTS), ACCOUNTS):
            answer = await book(api, accounts[n], at)
            if answer.status_code == 201:
                booked += 1
                break
    assert booked <= ACCOUNTS * BOOKING_QUOTA == 200
    per_account = await pool.fetch(
        "select count(*) from appointments where status = 'booked' group by patient_id"
    )
    assert max(row["count"] for row in per_account) <= BOOKING_QUOTA


async def test_one_account_cannot_keep_one_time_without_a_break(api, as_, pool):
    """It extends late, holds again as soon as it may, and goes on for three hours."""
    ana = as_("patient", "ana")
    pinned: list[bool] = []
    id = None
    for _ in range(180):
        answer = await reserve(api, ana)
        if answer.status_code == 201:
            id = answer.json()["id"]
        held = (await api.get(f"{CREATE}/{id}", headers=ana)).json()
        if held.get("expires_in_seconds", 0) <= 61:
            await api.post(f"{RESERVE}/{id}/extend", headers=ana)
        pinned.append(bool(await held_now(pool)))
        await time_passes(pool, timedelta(minutes=1))
    assert pinned[:20] == [True] * 20
    runs = "".join(".#"[each] for each in pinned).strip(".").split(".")
    assert max(map(len, runs[1:])) <= 15, runs
    free = sum(not each for each in pinned[60:])
    assert free >= 5 * (120 // 20), runs
