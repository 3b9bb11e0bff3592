"""Whoever is erased leaves no text behind, in no table, whatever is written at the same moment."""

import asyncio
import json

import pytest

from db.demo import person_id
from tests.api.test_agents import waiting
from tests.support import AMARA, ANA, LENA, monday

CODES = {
    # what the software writes, and the names of places and things
    "appointment_transitions": "verb from_status to_status actor via reason agreement",
    "appointment_types": "slug name",
    "appointments": "status cancelled_by cancel_reason policy hold_token verb actor via reason"
    " maker agreement",
    "clinics": "name time_zone",
    "idempotency_keys": "route target",
    "outbox": "topic kind payload",
    "profile_reads": "reader",
    "profiles": "role created_as",
    "realtime_epoch": "epoch",
    "realtime_events": "topic kind payload",
    "resources": "kind",
    "schedule_exceptions": "kind",
    "schema_migrations": "version checksum",
    "role_rights": "relation api worker relay",
    "stream_tickets": "caller topics",
    "webhook_deliveries": "topic kind payload status outcome",
    "webhook_endpoints": "owner_role topics kinds disabled_reason epoch",
    "workflow_inbox": "verb actor request_id traceparent",
}
"""Columns that hold no text about a person, by table. All others are blank after an erasure."""

PERSONAL = {
    "appointments": "patient_id is not null",
    "dentists": "true",
    "profiles": "true",
    "resources": "profile_id is not null",
    "schedule_exceptions": "resource_no is not null",
    "webhook_endpoints": "true",
}
"""Which rows of a table are about a person: of chairs and clinics there is text that stays."""

COLUMNS = """
    select c.table_name::text as name, c.column_name::text as field
      from information_schema.columns c
      join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'chairtime' and t.table_type = 'BASE TABLE'
       and c.table_name !~ '^realtime_events_'
       and c.udt_name in ('text', 'varchar', 'bpchar', 'json', 'jsonb', '_text', '_varchar', 'name')
     order by 1, 2
"""
SECRET = "planted"
ERASER = person_id("admin", "eraser")


@pytest.fixture
async def practice(api, as_):
    """A visit of Ana's to Amara, with a note, one that is over, and Amara's hours."""
    kept = await book(api, as_("patient", "ana"), notes="a")
    gone = await book(api, as_("patient", "ana"), hour=11, notes="b")
    path = f"/api/appointments/{gone['id']}/cancel"
    await api.post(path, json={"note": "c"}, headers=as_("patient", "ana"))
    away = {"on_date": "2029-05-01", "kind": "closed", "reason": "surgery"}
    schedule = {"weekly": [week(day) for day in range(5)], "exceptions": [away]}
    changed = await api.put(f"/api/availability/{AMARA}", json=schedule, headers=as_("admin"))
    assert changed.status_code == 200
    endpoint = {"url": "https://bot.example", "topics": ["appointments"], "description": "mine"}
    made = await api.post("/api/webhooks", json=endpoint, headers=as_("agent", "chatbot"))
    assert made.status_code == 201
    return kept


def week(day: int) -> dict[str, object]:
    return {"weekday": day, "starts": "08:00", "ends": "18:00"}


async def book(api, headers, hour: int = 9, route: str = "appointments", **fields):
    body = {
        "dentist_id": str(AMARA),
        "starts_at": monday(hour).isoformat(),
        "appointment_type": "checkup",
    }
    answer = await api.post(f"/api/{route}", json=body | fields, headers=headers)
    return answer.json()


async def erase(api, as_, id):
    return await api.post(f"/api/profiles/{id}/erase", headers=as_("admin", "eraser"))


@pytest.fixture(autouse=True)
async def eraser(pool):
    """An admin who is left when all others are erased."""
    await pool.execute(
        "insert into profiles (id, role, full_name) values ($1, 'admin', '')",
        ERASER,
    )


async def everything(pool) -> dict[str, str]:
    """All rows of all tables as text, by table."""
    names = {row["name"] for row in await pool.fetch(COLUMNS)}
    return {
        name: json.dumps([row[0] for row in await pool.fetch(f"select to_jsonb(t) from {name} t")])
        for name in names
    }


async def test_erasure_leaves_no_text_in_any_column(api, as_, pool, practice):
    columns = [(row["name"], row["field"]) for row in await pool.fetch(COLUMNS)]
    texts = [(name, field) for name, field in columns if field not in CODES.get(name, "").split()]
    assert {name for name, _ in texts} <= set(PERSONAL), "code or text? say so in this test"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        for name, field in texts:
            await connection.execute(
                f"update {name} set {field} = $1 where {PERSONAL[name]}",
                f"{SECRET} {name}.{field}",
            )
    planted = json.dumps(await everything(pool))
    assert all(f"{SECRET} {name}.{field}" in planted for name, field in texts)
    for row in await pool.fetch("select id from profiles where id <> $1", ERASER):
        assert (await erase(api, as_, row["id"])).status_code == 200
    await pool.execute("delete from profiles where id = $1", ERASER)
    assert [name for name, text in (await everything(pool)).items() if SECRET in text] == []


def notes_of(visit) -> str:
    return f"/api/appointments/{visit['id']}"


WRITES = {
    "oneself": (
        ANA,
        lambda api, as_, _: api.put(
            "/api/profiles/me", json={"full_name": SECRET}, headers=as_("patient", "ana")
        ),
    ),
    "their profile": (
        ANA,
        lambda api, as_, _: api.put(
            f"/api/profiles/{ANA}", json={"full_name": SECRET}, headers=as_("admin")
        ),
    ),
    "a hold": (
        ANA,
        lambda api, as_, _: book(
            api, as_("patient", "ana"), 15, "availability/reserve", notes=SECRET
        ),
    ),
    "a booking": (ANA, lambda api, as_, _: book(api, as_("patient", "ana"), 15, notes=SECRET)),
    "a booking by staff": (
        ANA,
        lambda api, as_, _: book(api, as_("admin"), 15, notes=SECRET, patient_id=str(ANA)),
    ),
    "an edit": (
        ANA,
        lambda api, as_, visit: api.put(
            notes_of(visit), json={"notes": SECRET}, headers=as_("patient", "ana")
        ),
    ),
    "an edit by staff": (
        ANA,
        lambda api, as_, visit: api.put(
            notes_of(visit), json={"notes": SECRET}, headers=as_("admin")
        ),
    ),
    "a move": (
        ANA,
        lambda api, as_, visit: api.put(
            notes_of(visit),
            json={"notes": SECRET, "starts_at": monday(14).isoformat()},
            headers=as_("patient", "ana"),
        ),
    ),
    "a cancel": (
        ANA,
        lambda api, as_, visit: api.post(
            notes_of(visit) + "/cancel", json={"note": SECRET}, headers=as_("patient", "ana")
        ),
    ),
    "a cancel by staff": (
        ANA,
        lambda api, as_, visit: api.post(
            notes_of(visit) + "/cancel", json={"note": SECRET}, headers=as_("admin")
        ),
    ),
    "a dentist's bio": (
        AMARA,
        lambda api, as_, _: api.put(
            f"/api/profiles/{AMARA}",
            json={"bio": SECRET, "specialty": SECRET},
            headers=as_("admin"),
        ),
    ),
    "a dentist's schedule": (
        AMARA,
        lambda api, as_, _: api.put(
            f"/api/availability/{AMARA}",
            json={
                "weekly": [],
                "exceptions": [{"on_date": "2029-06-01", "kind": "closed", "reason": SECRET}],
            },
            headers=as_("dentist", "amara"),
        ),
    ),
}
"""Writes of personal text, with whom it is about."""


@pytest.mark.parametrize("what", WRITES)
async def test_text_written_during_erasure_is_not_kept(api, as_, pool, practice, what):
    whom, write = WRITES[what]
    await api.get("/api/profiles/me", headers=as_("patient", "ana"))
    async with pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute("select profile_erase($1, 'system')", whom)
            late = asyncio.create_task(write(api, as_, practice))
            await waiting(pool, late)
    answer = await late
    assert isinstance(answer, dict) or answer.status_code in (403, 404, 409, 412, 422), answer.text
    assert [name for name, text in (await everything(pool)).items() if SECRET in text] == []


@pytest.mark.parametrize("what", WRITES)
async def test_text_of_a_waiting_write_is_not_kept_after_erasure(api, as_, pool, practice, what):
    whom, write = WRITES[what]
    _, erased = await asyncio.gather(write(api, as_, practice), erase(api, as_, whom))
    assert erased.status_code == 200
    assert [name for name, text in (await everything(pool)).items() if SECRET in text] == []
    await write(api, as_, practice)
    assert [name for name, text in (await everything(pool)).items() if SECRET in text] == []


async def test_the_erasure_of_a_dentist_counts_what_it_blanked_and_the_visits_ahead(
    api, as_, practice
):
    again = await book(api, as_("patient", "ben"), hour=14)
    erased = (await erase(api, as_, AMARA)).json()
    assert erased == {
        "profile": 1,
        "notes": 0,
        "cancel_notes": 0,
        "staff_notes": 0,
        "schedule_reasons": 1,
        "live_appointments": 2,
    }
    ben = as_("patient", "ben")
    for body in ({"starts_at": monday(16).isoformat()}, {"appointment_type": "cleaning"}):
        moved = await api.put(notes_of(again), json=body, headers=ben)
        problem = moved.json()
        assert (moved.status_code, problem["code"]) == (409, "slot_not_offered")
        assert (problem["reason"], problem["alternatives"]) == ("not_bookable", [])
    elsewhere = {"dentist_id": str(LENA), "starts_at": monday(16).isoformat()}
    assert (await api.put(notes_of(again), json=elsewhere, headers=ben)).status_code == 200
    assert (await erase(api, as_, AMARA)).json()["live_appointments"] == 1


async def test_a_hold_while_its_dentist_is_erased_is_counted_or_refused(api, as_, pool):
    for turn in range(8):
        made, erased = await asyncio.gather(
            book(api, as_("patient", "ana"), hour=9), erase(api, as_, AMARA)
        )
        assert erased.json()["live_appointments"] == ("id" in made), turn
        await pool.execute(
            "update profiles set erased_at = null, active = true where id = $1", AMARA
        )
        await pool.execute("update dentists set bookable = true")
        await pool.execute("update resources set active = true")
        if "id" in made:
            await api.post(notes_of(made) + "/cancel", json={}, headers=as_("admin"))


async def test_text_about_somebody_erased_is_refused_and_the_visit_can_still_be_cancelled(
    api, as_, practice
):
    await erase(api, as_, ANA)
    admin = as_("admin")
    cancel = notes_of(practice) + "/cancel"
    refused = await api.post(cancel, json={"note": SECRET}, headers=admin)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "note")
    for field in ("notes", "staff_notes"):
        refused = await api.put(notes_of(practice), json={field: SECRET}, headers=admin)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert (await api.post(cancel, json={}, headers=admin)).status_code == 200
