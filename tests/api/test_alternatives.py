"""What those are offered who came too late."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from db import clinics
from db.pool import Unavailable
from domain.actors import Actor, Role
from services import alternatives
from services.alternatives import Alternatives, WantedSlot
from tests.support import AMARA, ANA, BEN, counting, monday, overdue

RESERVE = "/api/availability/reserve"


async def test_alternatives_for_one_slot_are_searched_once(pool, monkeypatch):
    searches = counting(monkeypatch, alternatives, "search")
    others, wanted = Alternatives(pool), WantedSlot(AMARA, "checkup", monday(9))
    crowd = [Actor(Role.PATIENT, id) for id in (ANA, BEN)] * 50
    answers = await asyncio.gather(*(others.near(wanted, actor) for actor in crowd))
    assert len(searches) == 1
    assert all(answer == answers[0] and len(answer) == 3 for answer in answers)

    async with asyncio.timeout(5):  # and not for ever
        while len(searches) == 1:
            await asyncio.sleep(alternatives.CACHE_SECONDS / 10)
            await others.near(wanted, crowd[0])


async def test_cancelled_request_leaves_others_their_alternatives(pool):
    others, wanted = Alternatives(pool), WantedSlot(AMARA, "checkup", monday(9))
    first, second = (
        asyncio.create_task(others.near(wanted, Actor(Role.PATIENT, ANA))) for _ in "12"
    )
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) == 3


@pytest.mark.real_timeouts
async def test_refusal_is_sent_though_alternatives_time_out(api, pool, as_):
    """Whoever changes the tables keeps the search waiting until its time is over."""
    held = await api.post(RESERVE, json=wish(monday(9)), headers=as_("patient", "ana"))
    late = await api.post(RESERVE, json=wish(monday(11)), headers=as_("patient", "ana"))
    await overdue(pool, UUID(late.json()["id"]))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("lock table weekly_hours")
        refused = await asyncio.gather(
            api.post(RESERVE, json=wish(monday(9)), headers=as_("patient", "ben")),
            api.post("/api/appointments", json=wish(monday(9)), headers=as_("patient", "chloe")),
            api.post(
                f"/api/appointments/{late.json()['id']}/confirm", headers=as_("patient", "ana")
            ),
        )
    assert held.status_code == 201
    assert [each.status_code for each in refused] == [409, 409, 410]
    assert [each.json()["alternatives"] for each in refused] == [[], [], []]


@pytest.mark.parametrize("days", [1, 4, 20, 80])
async def test_alternatives_look_beyond_days_that_are_closed(api, pool, as_, days):
    first = monday(9).date()
    await closed(pool, first, days)
    refused = await api.post(RESERVE, json=wish(monday(9)), headers=as_("patient", "ana"))
    assert refused.json()["reason"] == "closed"
    starts = [start.date() for start in alternatives_of(refused)]
    opens = first + timedelta(days=days)
    opens += timedelta(days=1 if opens.weekday() == 6 else 0)
    assert starts == [opens] * 3


async def test_alternatives_look_back_where_all_is_closed_up_to_the_horizon(api, pool, as_):
    first = monday(9, weeks=3).date()
    await closed(pool, first, 100)
    refused = await api.post(RESERVE, json=wish(monday(9, weeks=3)), headers=as_("patient", "ana"))
    saturday = first - timedelta(days=2)
    assert [start.date() for start in alternatives_of(refused)] == [saturday] * 3


async def test_start_beyond_the_horizon_gets_the_last_slots_within_it(api, as_):
    refused = await api.post(RESERVE, json=wish(monday(9, weeks=30)), headers=as_("patient", "ana"))
    assert refused.json()["reason"] == "horizon"
    starts = alternatives_of(refused)
    assert len(starts) == 3
    assert all(start > datetime.now(UTC) + timedelta(days=85) for start in starts)


@pytest.mark.parametrize(
    ("maker", "asker", "theirs"),
    [
        (("patient", "ben"), ("patient", "ben"), True),
        (("patient", "ben"), ("patient", "ana"), False),
        (("agent", "chatbot"), ("agent", "chatbot"), True),
        (("patient", "ben"), ("agent", "chatbot"), False),
        (("patient", "ben"), ("admin", "admin"), False),
        (("admin", "admin"), ("admin", "admin"), True),
    ],
)
@pytest.mark.parametrize("booked", [False, True])
async def test_refusal_names_the_callers_own_booking(api, as_, maker, asker, theirs, booked):
    path = "/api/appointments" if booked else RESERVE
    made = await api.post(path, json=wish(monday(9), maker[0]), headers=as_(*maker))
    refused = await api.post(RESERVE, json=wish(monday(9), asker[0]), headers=as_(*asker))
    assert (made.status_code, refused.status_code) == (201, 409)
    said = refused.json()
    assert said["code"] == "slot_unavailable"
    expected = (True, made.json()["id"]) if theirs else (None, None)
    assert (said.get("yours"), said.get("appointment_id")) == expected


def wish(starts_at: datetime, role: str = "patient") -> dict[str, str]:
    asked = {
        "dentist_id": str(AMARA),
        "starts_at": starts_at.isoformat(),
        "appointment_type": "checkup",
    }
    return asked if role == "patient" else asked | {"patient_id": str(BEN)}


def alternatives_of(refused) -> list[datetime]:
    assert refused.status_code == 409
    return [datetime.fromisoformat(each["starts_at"]) for each in refused.json()["alternatives"]]


async def closed(pool, first: date, days: int) -> None:
    await pool.execute(
        """
        insert into schedule_exceptions (clinic_id, on_date, kind)
        select c.id, $1::date + n, 'closed' from clinics c, generate_series(0, $2::int - 1) n
        """,
        first,
        days,
    )


async def test_move_is_refused_though_the_bookable_check_fails(api, pool, as_, monkeypatch):
    async def fails(*_):
        raise Unavailable("TimeoutError")

    ana = as_("patient", "ana")
    booked = await api.post("/api/appointments", json=wish(monday(9)), headers=ana)
    await pool.execute("update dentists set bookable = false where profile_id = $1", AMARA)
    monkeypatch.setattr(clinics, "dentists", fails)
    later = {"starts_at": monday(11).isoformat()}
    moved = await api.put(f"/api/appointments/{booked.json()['id']}", json=later, headers=ana)
    assert (moved.status_code, moved.json()["code"]) == (422, "validation_failed")
