"""People: made at their first call, created by others, changed, switched off, erased."""

import asyncio
import json

import pytest
from uuid_utils.compat import uuid7

from db.demo import CLINIC, person_id
from tests.support import AMARA, ANA, BEN, monday
from tests.workflows.heard import eventually

PROFILES = "/api/profiles"
ME = f"{PROFILES}/me"


async def book(api, headers, hour: int = 9, **fields):
    body = {
        "dentist_id": str(AMARA),
        "starts_at": monday(hour).isoformat(),
        "appointment_type": "checkup",
    }
    return await api.post("/api/appointments", json=body | fields, headers=headers)


async def create(api, headers, **fields):
    return await api.post(PROFILES, json={"full_name": "Eva Novak"} | fields, headers=headers)


async def test_a_patient_is_known_from_the_first_call_on(api, as_):
    me = await api.get(ME, headers=as_("patient", "newcomer"))
    assert me.status_code == 200
    assert me.headers["ETag"] == '"1"'
    assert me.json()["id"] == str(person_id("patient", "newcomer"))
    assert (me.json()["role"], me.json()["active"]) == ("patient", True)
    assert (await book(api, as_("patient", "newcomer"))).status_code == 201


async def test_twenty_first_calls_at_once_make_one_profile(api, as_, pool):
    headers = as_("patient", "newcomer")
    answers = await asyncio.gather(*(api.get(ME, headers=headers) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    kinds = await pool.fetch("select kind from outbox union all select kind from realtime_events")
    assert [row["kind"] for row in kinds] == ["profile.created"]


async def test_one_reads_what_one_has_just_written(api, as_):
    ana = as_("patient", "ana")
    name = {"full_name": "Ana Torres-Vidal", "email": "ana@example.org", "time_zone": "Asia/Tokyo"}
    changed = await api.put(ME, json=name, headers=ana)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (await api.get(ME, headers=ana)).json() == changed.json()
    assert changed.json().items() >= name.items()
    emptied = await api.put(ME, json={"email": None}, headers=ana)
    assert "email" not in emptied.json()
    assert emptied.json()["full_name"] == name["full_name"]


async def test_a_stale_version_changes_nothing(api, as_):
    ana = as_("patient", "ana")
    first = ana | {"If-Match": '"1"'}
    assert (await api.put(ME, json={"locale": "es"}, headers=first)).status_code == 200
    stale = await api.put(ME, json={"locale": "de"}, headers=first)
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert (await api.get(ME, headers=ana)).json()["locale"] == "es"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": "admin"},
        {"active": True},
        {"id": str(BEN)},
        {"version": 7},
        {"full_name": None},
        {"full_name": "  "},
        {"full_name": "a\x00b"},
        {"full_name": "x" * 201},
        {"email": "nobody"},
        {"phone": "call me"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"locale": "x"},
    ],
)
async def test_what_cannot_be_said_of_oneself_is_refused(api, as_, pool, body):
    answer = await api.put(ME, json=body, headers=as_("patient", "ana"))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert answer.json()["errors"]
    assert await pool.fetchval("select version from profiles where id = $1", ANA) == 1


@pytest.mark.parametrize(("role", "name"), [("agent", "chatbot"), ("dentist", "amara")])
async def test_staff_and_agents_make_patients_without_a_login(api, as_, role, name):
    headers = as_(role, name)
    made = await create(api, headers, phone="+49 30 1234567")
    assert made.status_code == 201
    assert made.headers["Location"] == f"{PROFILES}/{made.json()['id']}"
    assert made.json()["created_by"] == str(person_id(role, name))
    seen = await api.get(made.headers["Location"], headers=headers)
    assert seen.json() == made.json()
    changed = await api.put(made.headers["Location"], json={"locale": "cs"}, headers=headers)
    assert changed.json()["version"] == 2
    booked = await book(api, headers, patient_id=made.json()["id"])
    assert booked.status_code == 201


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "admin"},
        {"role": "dentist", "clinic_id": str(CLINIC), "specialty": "Surgery"},
        {"id": str(uuid7())},
        {"active": False},
    ],
)
async def test_only_admins_set_roles(api, as_, fields):
    refused = await create(api, as_("agent"), **fields)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    edit = {key: value for key, value in fields.items() if key != "id"} or {"active": False}
    refused = await api.put(f"{PROFILES}/{BEN}", json=edit, headers=as_("agent"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_repeat_under_the_same_key_is_the_same_person(api, as_):
    headers = as_("agent", None, **{"Idempotency-Key": "k"})
    first, again = await create(api, headers), await create(api, headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = await create(api, as_("dentist", None, **{"Idempotency-Key": "k"}))
    assert other.json()["id"] != first.json()["id"]


async def test_an_id_that_is_taken_is_refused(api, as_):
    taken = await create(api, as_("admin"), id=str(ANA))
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (422, "id")


async def test_people_are_found_by_the_beginnings_of_words_page_by_page(api, as_):
    admin = as_("admin")
    for name in ("Eva Novak", "Evan Stone", "Noa Evans", "Óscar Ñuñez"):
        await create(api, admin, full_name=name, email=f"{name[0]}@example.org", phone="030 77-12")

    async def found(search):
        answer = await api.get(PROFILES, params={"search": search}, headers=admin)
        return [person["full_name"] for person in answer.json()["items"]]

    assert await found("ev") == ["Eva Novak", "Evan Stone", "Noa Evans"]
    assert await found("EV no") == ["Eva Novak", "Noa Evans"]
    assert await found("ñuñ") == ["Óscar Ñuñez"]
    assert len(await found("030 77")) == 4
    assert await found("nobody") == []
    assert await found("'); drop & ! :*") == []
    names, cursor = [], None
    while cursor or not names:
        params = {"limit": 3, "role": "patient"} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(PROFILES, params=params, headers=admin)).json()
        names += [person["full_name"] for person in page["items"]]
        cursor = page.get("next_cursor")
    assert len(names) == len(set(names)) == 8


async def test_dentists_see_their_patients_and_agents_whom_they_made(api, as_):
    async def seen(headers):
        people = (await api.get(PROFILES, params={"role": "patient"}, headers=headers)).json()
        return {person["id"] for person in people["items"]}

    assert await seen(as_("dentist")) == set()
    await book(api, as_("patient", "ana"))
    assert await seen(as_("dentist")) == {str(ANA)}
    assert await seen(as_("dentist", "lena")) == set()
    assert await seen(as_("agent")) == {str(BEN), str(person_id("patient", "deniz"))}


async def test_a_profile_that_is_switched_off_revokes_its_token(api, as_):
    ana, admin = as_("patient", "ana"), as_("admin")
    assert (await api.get(ME, headers=ana)).status_code == 200
    for active, status in ((False, 403), (True, 200)):
        body = {"active": active}
        assert (await api.put(f"{PROFILES}/{ANA}", json=body, headers=admin)).status_code == 200
        answer = await api.get(ME, headers=ana)
        assert answer.status_code == status
        if status == 403:
            assert "is deactivated" in answer.json()["detail"]
            booked = await book(api, admin, patient_id=str(ANA))
            assert booked.status_code == 422


async def test_a_token_must_have_the_role_of_the_row(api, as_):
    elsewhere = as_("admin", "newcomer")
    refused = await api.get(ME, headers=elsewhere)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    as_dentist = {"role": "admin", "id": str(person_id("dentist", "vera")), "full_name": "Vera"}
    await api.post(PROFILES, json=as_dentist, headers=as_("admin"))
    refused = await api.get(ME, headers=as_("dentist", "vera"))
    assert "the profile's is admin" in refused.json()["detail"]


async def test_an_admin_cannot_lock_themselves_out(api, as_):
    me = person_id("admin", "admin")
    for body in ({"active": False}, {"role": "patient"}):
        refused = await api.put(f"{PROFILES}/{me}", json=body, headers=as_("admin"))
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    refused = await api.post(f"{PROFILES}/{me}/erase", headers=as_("admin"))
    assert refused.status_code == 422


async def test_unused_patient_profile_can_become_a_dentist(api, as_):
    early = person_id("patient", "early")
    await api.get(ME, headers=as_("patient", "early"))
    path, admin = f"{PROFILES}/{early}", as_("admin")
    alone = await api.put(path, json={"role": "dentist"}, headers=admin)
    assert (alone.status_code, alone.json()["errors"][0]["field"]) == (422, "role")
    body = {"role": "dentist", "clinic_id": str(CLINIC), "specialty": "Surgery"}
    made = await api.put(path, json=body, headers=admin)
    assert (made.status_code, made.json()["specialty"]) == (200, "Surgery")
    listed = (await api.get(f"{PROFILES}/dentists/{early}")).json()
    assert listed["clinic_id"] == str(CLINIC)
    back = await api.put(path, json={"role": "patient"}, headers=admin)
    assert back.status_code == 422


async def test_patient_with_bookings_cannot_become_a_dentist(api, as_):
    await book(api, as_("patient", "ana"))
    body = {"role": "dentist", "clinic_id": str(CLINIC), "specialty": "Surgery"}
    refused = await api.put(f"{PROFILES}/{ANA}", json=body, headers=as_("admin"))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "role")
    assert (await api.get(ME, headers=as_("patient", "ana"))).json()["version"] == 1


async def test_erasing_blanks_what_is_personal_and_keeps_times_and_history(api, as_, pool):
    ana, admin = as_("patient", "ana"), as_("admin")
    secret = {"full_name": "Zyxania Quux", "email": "zyxania@quux.example", "phone": "+41 555 0199"}
    await api.put(ME, json=secret, headers=ana)
    kept = (await book(api, ana, notes="zyxania fears needles")).json()
    gone = (await book(api, ana, hour=11)).json()
    cancel = {"reason": "ill", "note": "zyxania has the flu"}
    await api.post(f"/api/appointments/{gone['id']}/cancel", json=cancel, headers=ana)

    erased = await api.post(f"{PROFILES}/{ANA}/erase", headers=admin)
    blank = {"profile": 1, "notes": 0, "cancel_notes": 0, "staff_notes": 0, "schedule_reasons": 0}
    live = {"live_appointments": 1}
    assert erased.json() == blank | live | {"notes": 1, "cancel_notes": 1}
    for table in ("profiles", "resources", "appointments", "appointment_transitions", "outbox"):
        rows = await pool.fetch(f"select to_jsonb(t) as row from {table} t")
        text = json.dumps([row["row"] for row in rows]).lower()
        assert not any(word in text for word in ("zyxania", "quux", "0199", "flu", "needles"))
    left = (await api.get(f"/api/appointments/{kept['id']}", headers=admin)).json()
    assert (left["status"], left["starts_at"]) == ("booked", kept["starts_at"])
    history = (await api.get(f"/api/appointments/{gone['id']}/history", headers=admin)).json()
    assert [step["verb"] for step in history] == ["hold", "confirm", "cancel", "edit"]
    assert history[-1]["reason"] == "erased"
    assert (await api.get(ME, headers=ana)).status_code == 403

    person = (await api.get(f"{PROFILES}/{ANA}", headers=admin)).json()
    again = await api.post(f"{PROFILES}/{ANA}/erase", headers=admin)
    assert again.json() == blank | live | {"profile": 0}
    assert (await api.get(f"{PROFILES}/{ANA}", headers=admin)).json() == person
    back = await api.put(f"{PROFILES}/{ANA}", json={"active": True}, headers=admin)
    assert back.status_code == 422


async def test_an_event_of_a_profile_says_nothing_personal(api, as_, pool):
    made = (await create(api, as_("agent"), email="eva@example.org")).json()
    path = f"{PROFILES}/{made['id']}"
    await api.put(path, json={"full_name": "Eva Maria Novak"}, headers=as_("agent"))
    await api.post(f"{path}/erase", headers=as_("admin"))
    rows = await pool.fetch(
        """
        select kind, version, audience, payload, id from (
            select seq as id, kind, version, audience, payload, topic from realtime_events
             union all select id + 1000000, kind, version, audience, payload, topic from outbox) e
         where topic = 'profiles' order by version
        """
    )
    kinds = ["profile.created", "profile.changed", "profile.erased"]
    assert [row["kind"] for row in rows] == kinds
    assert [row["version"] for row in rows] == [1, 2, 3]
    for row in rows:
        assert set(row["payload"]) == {"id", "role", "active"}
        assert {str(id) for id in row["audience"]} == {
            made["id"],
            str(person_id("agent", "chatbot")),
        }


async def test_the_dentists_are_public_and_say_when_they_are_free(api, as_):
    dentists = (await api.get(f"{PROFILES}/dentists")).json()
    assert {dentist["time_zone"] for dentist in dentists} == {"Europe/Berlin"}
    one = dentists[0]
    assert set(one) == {"id", "full_name", "specialty", "clinic_id", "time_zone", "next_free_at"}
    assert one["next_free_at"].endswith(("+01:00", "+02:00"))
    shortest = {"starts_at": one["next_free_at"], "appointment_type": "consultation"}
    await book(api, as_("patient", "ana"), **shortest)
    path = f"{PROFILES}/dentists/{one['id']}"

    async def later() -> bool:
        return (await api.get(path)).json()["next_free_at"] > one["next_free_at"]

    async def gone() -> bool:
        return (await api.get(path)).status_code == 404

    await eventually(later)
    assert (await api.get(f"{PROFILES}/dentists/{uuid7()}")).status_code == 404
    await api.put(f"{PROFILES}/{one['id']}", json={"bookable": False}, headers=as_("admin"))
    await eventually(gone)
