"""What is free is found over all dentists, and each time that is not offered says why."""

import json
from datetime import date, datetime, timedelta

import asyncpg
import pytest
from pydantic import TypeAdapter

from api.scheduling.slots import BoardPage
from db.demo import CLINIC
from domain.clinic import BoardSlot
from tests.support import AMARA, ANA, LENA, MATEO, monday, overdue

RESERVE = "/api/availability/reserve"
SLOTS = "/api/availability/slots"


def on(weeks: int = 1, days: int = 0) -> str:
    return (monday(12, weeks=weeks).date() + timedelta(days=days)).isoformat()


async def find(api, headers, **query):
    query = {"appointment_type": "checkup", "date": on(), "limit": 20_000} | query
    answer = await api.get(SLOTS, params=query, headers=headers)
    assert answer.status_code == 200, answer.json()
    return answer.json()


async def reserve(api, headers, starts_at: datetime, **fields):
    body = {
        "dentist_id": str(AMARA),
        "starts_at": starts_at.isoformat(),
        "appointment_type": "checkup",
    }
    return await api.post(RESERVE, json=body | fields, headers=headers)


async def explain(api, headers, starts_at: datetime, dentist=AMARA, kind: str = "checkup"):
    query = {"starts_at": starts_at.isoformat(), "appointment_type": kind}
    answer = await api.get(f"/api/availability/{dentist}/explain", params=query, headers=headers)
    assert answer.status_code == 200, answer.json()
    return answer.json()


async def close_on(pool, on_date: str, dentist=None, **fields) -> None:
    await pool.execute(
        """
        insert into schedule_exceptions (clinic_id, resource_no, on_date, starts, ends, kind)
        values ($1, (select resource_no from dentists where profile_id = $2), $3, $4, $5, 'closed')
        """,
        CLINIC,
        dentist,
        date.fromisoformat(on_date),
        fields.get("starts"),
        fields.get("ends"),
    )


async def test_all_dentists_are_searched_by_start_and_each_as_if_asked_alone(api, as_):
    ana = as_("patient", "ana")
    await reserve(api, ana, monday(9))
    found = await find(api, ana, days=3)
    keys = [(slot["starts_at"], slot["dentist_id"]) for slot in found["items"]]
    assert keys == sorted(keys)
    assert {slot["dentist_id"] for slot in found["items"]} == {str(AMARA), str(LENA), str(MATEO)}
    assert found["next_available"] is None
    for dentist in (AMARA, LENA, MATEO):
        query = {"appointment_type": "checkup", "date": on(), "days": 3}
        alone = await api.get(f"/api/availability/{dentist}/slots", params=query, headers=ana)
        own = [slot for slot in found["items"] if slot["dentist_id"] == str(dentist)]
        assert own == alone.json()


async def test_a_search_is_narrowed_by_clinic_specialty_dentist_and_part_of_day(api, as_):
    ana = as_("patient", "ana")
    [lena] = {s["dentist_id"] for s in (await find(api, ana, specialty="orthodontics"))["items"]}
    assert lena == str(LENA)
    chosen = await find(api, ana, dentist_id=[str(AMARA), str(MATEO)])
    assert {slot["dentist_id"] for slot in chosen["items"]} == {str(AMARA), str(MATEO)}
    assert (await find(api, ana, clinic_id=str(CLINIC)))["items"]
    assert (await find(api, ana, clinic_id=str(AMARA)))["items"] == []
    for part, first, last in (
        ("morning", "08:00", "11:30"),
        ("afternoon", "13:00", "16:45"),
        ("evening", "17:00", "17:30"),
    ):
        found = (await find(api, ana, part_of_day=part, dentist_id=str(AMARA)))["items"]
        starts = [slot["starts_at"][11:16] for slot in found]
        assert (starts[0], starts[-1]) == (first, last)


async def test_pages_join_up_to_the_whole(api, as_):
    ana = as_("patient", "ana")
    whole = (await find(api, ana, days=2))["items"]
    pages, cursor = [], None
    while True:
        page = await find(api, ana, days=2, limit=50, **({"cursor": cursor} if cursor else {}))
        pages += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == whole
    assert len(whole) > 100


async def test_where_nothing_is_free_the_next_free_slot_is_named(api, as_, pool):
    ana = as_("patient", "ana")
    for days in range(20):
        await close_on(pool, on(days=days))
    found = await find(api, ana, days=7, part_of_day="afternoon")
    assert found["items"] == []
    assert found["next_available"]["starts_at"].startswith(f"{on(days=21)}T13:00")
    past = await find(api, ana, date="2020-01-06")
    assert past["items"] == []
    assert past["next_available"]["starts_at"] > datetime.now().astimezone().isoformat()[:10]
    await pool.execute("delete from weekly_hours")
    never = await find(api, ana, days=7)
    assert (never["items"], never["next_available"]) == ([], None)


async def test_the_text_is_what_the_schema_says(api, as_):
    ana = as_("patient", "ana")
    await reserve(api, ana, monday(9))
    for tz in ("UTC", "Asia/Kathmandu", "America/New_York"):
        query = {"appointment_type": "checkup", "date": on(), "include": "all", "tz": tz}
        every = await api.get(SLOTS, params=query, headers=ana)
        page = TypeAdapter(BoardPage).validate_json(every.content)
        assert json.loads(TypeAdapter(BoardPage).dump_json(page)) == {
            **every.json(),
            "items": [{"held_until": None} | slot for slot in every.json()["items"]],
        }
        one = await api.get(f"/api/availability/{AMARA}/slots", params=query, headers=ana)
        slots = TypeAdapter(list[BoardSlot]).validate_json(one.content)
        assert [slot.state for slot in slots].count("held") == 5
        assert all(slot.time_zone == "Europe/Berlin" for slot in slots)


async def test_without_a_free_chair_a_slot_is_not_offered(api, as_, pool):
    ana, ben = as_("patient", "ana"), as_("patient", "ben")
    await pool.execute("update resources set active = false where name in ('Chair 2', 'Chair 3')")
    held = (await reserve(api, ana, monday(9), dentist_id=str(LENA))).json()
    found = await find(api, ana, include="all")
    at_nine = [s for s in found["items"] if s["starts_at"][11:16] == "09:00"]
    assert [(slot["dentist_id"], slot["state"]) for slot in at_nine] == []
    without = await find(api, ana, appointment_type="consultation", dentist_id=str(AMARA))
    assert "09:00" in [slot["starts_at"][11:16] for slot in without["items"]]
    refused = await reserve(api, ben, monday(9))
    assert (refused.status_code, refused.json()["reason"]) == (409, "no_chair")
    why = await explain(api, ben, monday(9))
    assert [reason["reason"] for reason in why["reasons"]] == ["no_chair"]
    assert why["reasons"][0]["held_until"] == held["hold_expires_at"]
    await overdue(pool, held["id"])
    assert (await explain(api, ben, monday(9)))["offered"] is True
    assert (await reserve(api, ben, monday(9))).status_code == 201
    await pool.execute("update resources set active = false where kind = 'chair'")
    assert (await find(api, ana))["items"] == []


async def test_offered_slot_has_no_refusal_reason(api, as_):
    why = await explain(api, as_("patient", "ana"), monday(9))
    assert (why["offered"], why["reasons"]) == (True, [])
    assert (why["starts_at"][11:16], why["ends_at"][11:16]) == ("09:00", "09:30")


@pytest.mark.parametrize(
    ("starts_at", "reasons"),
    [
        (monday(9, 7), ["off_grid"]),
        (monday(12), ["outside_hours"]),
        (monday(3, 1), ["outside_hours", "off_grid"]),
        (monday(9) + timedelta(days=6), ["closed"]),
        (monday(9, weeks=-8), ["past"]),
        (monday(9, weeks=40), ["horizon"]),
        (monday(3, 1, weeks=40), ["horizon", "outside_hours", "off_grid"]),
    ],
)
async def test_all_reasons_are_given_and_the_first_is_the_refusal(api, as_, starts_at, reasons):
    ana = as_("patient", "ana")
    why = await explain(api, ana, starts_at)
    assert why["offered"] is False
    assert [reason["reason"] for reason in why["reasons"]] == reasons
    assert all(reason["detail"] for reason in why["reasons"])
    refused = await reserve(api, ana, starts_at)
    assert refused.json()["reason"] == reasons[0]


async def test_a_reason_says_until_when_and_what_closes(api, as_, pool):
    ana = as_("patient", "ana")
    held = (await reserve(api, ana, monday(9))).json()
    [reason] = (await explain(api, ana, monday(9, 15)))["reasons"]
    assert (reason["reason"], reason["held_until"]) == ("held", held["hold_expires_at"])
    await api.post(f"/api/appointments/{held['id']}/confirm", headers=ana)
    [reason] = (await explain(api, ana, monday(9, 15)))["reasons"]
    assert reason["reason"] == "booked"

    await close_on(pool, on(2))
    [reason] = (await explain(api, ana, monday(9, weeks=2)))["reasons"]
    assert (reason["reason"], reason["hours"]) == ("closed", [])
    assert reason["closed_by"] == [{"on_date": on(2), "clinic_wide": True}]
    await pool.execute("update appointment_types set lead_time = '200 days', horizon = '201 days'")
    late = (await explain(api, ana, monday(9)))["reasons"][0]
    assert (late["reason"], "earliest" in late) == ("lead_time", True)
    assert "200 d" in late["detail"]


async def test_whoever_is_not_bookable_or_not_active_is_not_offered(api, as_, pool):
    admin = as_("admin")
    await pool.execute("update dentists set bookable = false where profile_id = $1", AMARA)
    await pool.execute("update profiles set active = false where id = $1", LENA)
    assert {s["dentist_id"] for s in (await find(api, admin))["items"]} == {str(MATEO)}
    for dentist in (AMARA, LENA):
        query = {"appointment_type": "checkup"}
        alone = await api.get(f"/api/availability/{dentist}/slots", params=query, headers=admin)
        assert alone.status_code == 404
        body = {"dentist_id": str(dentist), "patient_id": str(ANA)}
        refused = await reserve(api, admin, monday(9), **body)
        assert refused.json()["code"] == "validation_failed"


@pytest.mark.parametrize("role", ["patient", "agent"])
async def test_offline_type_is_neither_offered_nor_held_online(api, as_, pool, role):
    await pool.execute("update appointment_types set bookable_online = slug <> 'checkup'")
    caller = as_(role, "ana" if role == "patient" else None)
    made = await api.post("/api/profiles", json={"full_name": "P"}, headers=as_("agent"))
    who = {"patient_id": str(ANA) if role == "patient" else made.json()["id"]}
    found = await find(api, caller)
    assert (found["items"], found["next_available"]) == ([], None)
    assert (await explain(api, caller, monday(9)))["reasons"][0]["reason"] == "not_online"

    wanted = who | {"dentist_id": str(AMARA), "appointment_type": "checkup"}
    for route in (RESERVE, "/api/appointments"):
        body = wanted | {"starts_at": monday(9).isoformat()}
        refused = await api.post(route, json=body, headers=caller)
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (409, "slot_not_offered")
        assert (problem["reason"], problem["alternatives"]) == ("not_online", [])


async def test_staff_book_what_is_not_online_and_its_patient_cannot_move_it(api, as_, pool):
    await pool.execute("update appointment_types set bookable_online = slug <> 'checkup'")
    admin, amara, ana = as_("admin"), as_("dentist", "amara"), as_("patient", "ana")
    assert (await find(api, admin))["items"] == (await find(api, amara))["items"] != []
    assert (await explain(api, amara, monday(9)))["offered"]
    held = await reserve(api, amara, monday(9), patient_id=str(ANA))
    assert held.status_code == 201
    taken = await reserve(api, admin, monday(9), patient_id=str(ANA))
    assert len(taken.json()["alternatives"]) == 3

    route = f"/api/appointments/{held.json()['id']}"
    assert (await api.post(f"{route}/confirm", headers=ana)).status_code == 200
    later = {"starts_at": monday(11).isoformat()}
    refused = await api.put(route, json=later, headers=ana)
    assert refused.json()["reason"] == "not_online"
    assert (await api.put(route, json=later, headers=amara)).status_code == 200
    assert (await api.put(route, json={"notes": "x"}, headers=ana)).status_code == 200
    assert (await api.delete(route, headers=ana)).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"days": 0},
        {"days": 32},
        {"limit": 0},
        {"limit": 20_001},
        {"tz": "Mars/Olympus"},
        {"tz": "../etc/passwd"},
        {"cursor": "x"},
        {"part_of_day": "noon"},
        {"include": "some"},
        {"date": "2027-02-30"},
        {"date": "1999-12-31"},
        {"clinic_id": "here"},
        {"dentist_id": "x"},
        {"specialty": "x" * 101},
        {"specialty": "a\x00b"},
        {"appointment_type": ""},
    ],
)
async def test_invalid_search_parameters_are_refused_by_field(api, as_, query):
    answer = await api.get(
        SLOTS, params={"appointment_type": "checkup"} | query, headers=as_("patient")
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "validation_failed")
    assert problem["errors"][0]["field"].split(".")[0] in query


async def test_a_search_makes_two_queries_however_many_dentists(api, as_, monkeypatch):
    asked = []
    fetch = asyncpg.Connection.fetch

    async def counted(self, query, *args, **kwargs):
        asked.append(query)
        return await fetch(self, query, *args, **kwargs)

    monkeypatch.setattr(asyncpg.Connection, "fetch", counted)
    assert len({s["dentist_id"] for s in (await find(api, as_("patient", "ana")))["items"]}) == 3
    about_slots = [query for query in asked if "weekly_hours" in query or "claims_" in query]
    assert len(about_slots) == 2
