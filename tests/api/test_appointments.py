"""What a front end relies on: hold, confirm, book, read, cancel, and the answer to each mistake."""

import asyncio
from datetime import datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from db.demo import person_id
from tests.support import AMARA, ANA, BEN, LENA, monday, overdue

RESERVE = "/api/availability/reserve"


def wanted(hour: int = 9, **fields):
    return {
        "dentist_id": str(AMARA),
        "starts_at": monday(hour).isoformat(),
        "appointment_type": "checkup",
    } | fields


async def reserve(api, headers, hour: int = 9, **fields):
    return await api.post(RESERVE, json=wanted(hour, **fields), headers=headers)


async def test_a_hold_is_answered_with_its_deadline_and_place(api, as_):
    answer = await reserve(api, as_("patient", "ana"))
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/appointments/{body['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert body["status"] == "held"
    assert body["patient_id"] == str(ANA)
    assert body["time_zone"] == "Europe/Berlin"
    assert body["expires_in_seconds"] == pytest.approx(300, abs=2)
    assert {"hold_expires_at", "server_time"} <= set(body)


async def test_a_hold_becomes_a_booking_and_then_is_cancelled(api, as_):
    ana = as_("patient", "ana")
    id = (await reserve(api, ana)).json()["id"]
    booked = await api.post(f"/api/appointments/{id}/confirm", headers=ana)
    assert (booked.status_code, booked.json()["status"]) == (200, "booked")
    assert "hold_expires_at" not in booked.json()
    cancelled = await api.post(
        f"/api/appointments/{id}/cancel", json={"reason": "ill", "note": "flu"}, headers=ana
    )
    assert cancelled.json()["status"] == "cancelled"
    assert cancelled.json()["cancelled_by"] == "patient"
    assert cancelled.json()["cancel_reason"] == "ill"
    assert (await api.get(f"/api/appointments/{id}", headers=ana)).json() == cancelled.json()


async def test_a_taken_slot_is_refused_with_what_blocks_and_three_alternatives(api, as_):
    await reserve(api, as_("patient", "ana"))
    refused = await reserve(api, as_("patient", "ben"))
    body = refused.json()
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert (body["code"], body["blocking"]) == ("slot_unavailable", "held")
    assert body["held_until"]
    assert len(body["alternatives"]) == 3
    other = body["alternatives"][0]
    again = await api.post(
        RESERVE, json=wanted(starts_at=other["starts_at"]), headers=as_("patient", "ben")
    )
    assert again.status_code == 201


async def test_create_books_at_once(api, as_):
    body = wanted(notes="first visit")
    body["appointment_date"] = body.pop("starts_at")
    answer = await api.post("/api/appointments", json=body, headers=as_("patient", "ana"))
    assert (answer.status_code, answer.json()["status"]) == (201, "booked")
    assert answer.json()["notes"] == "first visit"


async def test_create_with_a_reservation_confirms_it(api, as_):
    ana = as_("patient", "ana")
    id = (await reserve(api, ana)).json()["id"]
    wrong = await api.post(
        "/api/appointments",
        json={"reservation_id": id, "appointment_type": "cleaning"},
        headers=ana,
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")
    answer = await api.post(
        "/api/appointments", json={"reservation_id": id, **wanted()}, headers=ana
    )
    assert (answer.status_code, answer.json()["id"]) == (201, id)
    assert answer.json()["status"] == "booked"


async def test_a_repeat_under_the_same_key_is_the_same_booking(api, as_):
    headers = as_("patient", "ana", **{"Idempotency-Key": "k1"})
    answers = await asyncio.gather(*(reserve(api, headers) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = await reserve(api, headers, hour=10)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    id = answers[0].json()["id"]
    await api.delete(f"/api/appointments/{id}", headers=as_("patient", "ana"))
    later = await reserve(api, headers)
    assert (later.status_code, later.json()["status"]) == (200, "cancelled")


async def test_keys_belong_to_their_caller(api, as_):
    await reserve(api, as_("patient", "ana", **{"Idempotency-Key": "k"}))
    other = await reserve(api, as_("patient", "ben", **{"Idempotency-Key": "k"}), hour=10)
    assert (other.status_code, other.json()["patient_id"]) == (201, str(BEN))


async def test_a_confirm_repeated_under_its_key_is_answered_even_after_a_cancel(api, as_):
    ana = as_("patient", "ana")
    id = (await reserve(api, ana)).json()["id"]
    key = as_("patient", "ana", **{"Idempotency-Key": "c"})
    assert (await api.post(f"/api/appointments/{id}/confirm", headers=key)).status_code == 200
    await api.delete(f"/api/appointments/{id}?reason=ill", headers=ana)
    again = await api.post(f"/api/appointments/{id}/confirm", headers=key)
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")
    fresh = await api.post(f"/api/appointments/{id}/confirm", headers=ana)
    assert (fresh.status_code, fresh.json()["current"]) == (409, "cancelled")
    assert fresh.json()["allowed"] == []


async def test_extend_and_release(api, as_):
    ana = as_("patient", "ana")
    id = (await reserve(api, ana)).json()["id"]
    for _ in range(2):
        extended = await api.post(f"{RESERVE}/{id}/extend", headers=ana)
        assert (extended.status_code, extended.json()["status"]) == (200, "held")
    assert (await api.post(f"{RESERVE}/{id}/extend", headers=ana)).status_code == 409
    released = await api.delete(f"{RESERVE}/{id}", headers=ana)
    assert (released.status_code, released.json()["status"]) == (200, "released")
    assert (await reserve(api, as_("patient", "ben"))).status_code == 201


async def test_after_the_deadline_confirm_is_gone(api, as_, pool):
    ana = as_("patient", "ana")
    held = (await reserve(api, ana)).json()
    await overdue(pool, held["id"])
    gone = await api.post(f"/api/appointments/{held['id']}/confirm", headers=ana)
    assert (gone.status_code, gone.json()["code"]) == (410, "hold_expired")
    assert gone.json()["hold_expires_at"] < gone.json()["server_time"]


async def test_a_stale_version_changes_nothing(api, as_):
    ana = as_("patient", "ana")
    id = (await reserve(api, ana)).json()["id"]
    await api.post(f"{RESERVE}/{id}/extend", headers=ana)
    stale = await api.post(f"/api/appointments/{id}/confirm", headers=ana | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    fresh = await api.post(f"/api/appointments/{id}/confirm", headers=ana | {"If-Match": '"2"'})
    assert fresh.status_code == 200


async def test_foreign_booking_is_404_like_a_missing_one(api, as_):
    id = (await reserve(api, as_("patient", "ana"))).json()["id"]
    ben = as_("patient", "ben")
    for method, path in [
        ("GET", "/api/appointments/{}"),
        ("POST", "/api/appointments/{}/confirm"),
        ("DELETE", "/api/appointments/{}"),
        ("POST", RESERVE + "/{}/extend"),
        ("DELETE", RESERVE + "/{}"),
        ("GET", "/api/appointments/{}/events"),
    ]:
        answers = [await api.request(method, path.format(i), headers=ben) for i in (id, uuid7())]
        bodies = [answer.json() for answer in answers]
        for body in bodies:
            del body["instance"], body["request_id"]
        assert answers[0].status_code == answers[1].status_code == 404
        assert bodies[0] == bodies[1]


async def test_staff_act_for_patients_and_agents_for_those_they_booked(api, as_):
    held = await reserve(api, as_("admin"), patient_id=str(ANA))
    assert held.json()["patient_id"] == str(ANA)
    id = held.json()["id"]
    assert (await api.get(f"/api/appointments/{id}", headers=as_("dentist"))).status_code == 200
    assert (await api.get(f"/api/appointments/{id}", headers=as_("agent"))).status_code == 404
    mine = await reserve(api, as_("agent"), hour=10, patient_id=str(BEN))
    path = f"/api/appointments/{mine.json()['id']}"
    assert (await api.get(path, headers=as_("patient", "ben"))).status_code == 200
    other = {"id": str(person_id("agent", "other")), "role": "agent", "full_name": "Another"}
    await api.post("/api/profiles", json=other, headers=as_("admin"))
    assert (await api.get(path, headers=as_("agent", "other"))).status_code == 404
    stranger = await reserve(api, as_("agent", "other"), hour=11, patient_id=str(BEN))
    nobody = await reserve(api, as_("agent", "other"), hour=11, patient_id=str(uuid7()))
    assert stranger.json()["detail"] == nobody.json()["detail"]
    assert stranger.status_code == nobody.status_code == 422


async def test_an_agent_changes_what_it_holds_only_with_the_token_of_that_hold(api, as_):
    mine = (await reserve(api, as_("agent"), patient_id=str(BEN))).json()
    path = f"/api/appointments/{mine['id']}"
    for token in ({}, {"X-Hold-Token": "guess"}):
        refused = await api.post(f"{path}/confirm", headers=as_("agent") | token)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert mine["hold_token"] not in refused.text
    assert "hold_token" not in (await api.get(path, headers=as_("patient", "ben"))).json()
    assert "hold_token" not in (await api.get(path, headers=as_("admin"))).json()
    token = {"X-Hold-Token": mine["hold_token"]}
    assert (await api.post(f"{path}/confirm", headers=as_("agent") | token)).status_code == 200
    assert (await api.delete(path, headers=as_("agent"))).status_code == 403
    assert (await api.delete(path, headers=as_("agent") | token)).status_code == 200


async def test_a_patient_cannot_book_for_another(api, as_):
    refused = await reserve(api, as_("patient", "ana"), patient_id=str(BEN))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_patient_who_was_never_here_can_book(api, as_):
    answer = await reserve(api, as_("patient", "newcomer"))
    assert answer.status_code == 201


async def test_the_list_shows_ones_own_in_order_page_by_page(api, as_):
    for hour in (13, 9, 11):
        await api.post("/api/appointments", json=wanted(hour), headers=as_("patient", "ana"))
    await reserve(api, as_("patient", "ben"), hour=10)
    seen, cursor = [], ""
    while cursor is not None:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        answer = await api.get(f"/api/appointments{query}", headers=as_("patient", "ana"))
        assert ":" in answer.headers["Event-Cursor"]
        seen += [item["starts_at"] for item in answer.json()["items"]]
        cursor = answer.json().get("next_cursor")
    assert seen == sorted(seen)
    assert len(seen) == 3
    everyone = await api.get("/api/appointments", headers=as_("admin"))
    assert len(everyone.json()["items"]) == 4


async def test_slot_list_shows_free_held_and_booked(api, as_):
    ana = as_("patient", "ana")
    path = f"/api/availability/{AMARA}/slots"
    query = {"appointment_type": "Checkup", "date": monday(9).date().isoformat()}
    free = (await api.get(path, params=query, headers=ana)).json()
    assert {slot["state"] for slot in free} == {"free"}
    assert free[0]["starts_at"].endswith(("+01:00", "+02:00"))
    held = (await reserve(api, ana)).json()
    left = (await api.get(path, params=query, headers=ana)).json()
    assert len(left) < len(free)
    everything = (await api.get(path, params=query | {"include": "all"}, headers=ana)).json()
    taken = [slot for slot in everything if slot["state"] == "held"]
    assert len(everything) == len(free)
    assert {slot["held_until"] for slot in taken} == {held["hold_expires_at"]}
    tokyo = (await api.get(path, params=query | {"tz": "Asia/Tokyo"}, headers=ana)).json()
    assert tokyo[0]["starts_at"].endswith("+09:00")


async def test_every_offered_slot_can_be_held_and_no_other(api, as_, pool):
    admin = as_("admin")
    await pool.execute(
        "update appointment_types set duration = '20 minutes' where slug = 'checkup'"
    )
    path = f"/api/availability/{LENA}/slots"
    query = {"appointment_type": "checkup", "date": monday(9).date().isoformat()}
    slots = (await api.get(path, params=query, headers=admin)).json()
    starts = {datetime.fromisoformat(slot["starts_at"]) for slot in slots}
    at = monday(7, 45)
    while at < monday(13, 15):
        body = wanted(dentist_id=str(LENA), starts_at=at.isoformat(), patient_id=str(ANA))
        answer = await api.post(RESERVE, json=body, headers=admin)
        assert (answer.status_code == 201) == (at in starts), answer.json()
        await pool.execute(
            "update appointments set status = 'released', version = version + 1, command_id = null"
            " where status = 'held'"
        )
        at += timedelta(minutes=5)


async def test_the_dentists_are_listed(api, as_):
    dentists = (await api.get("/api/profiles/dentists")).json()
    assert [dentist["full_name"] for dentist in dentists] == [
        "Dr. Amara Okafor",
        "Dr. Lena Fischer",
        "Dr. Mateo Silva",
    ]
    assert dentists[0]["time_zone"] == "Europe/Berlin"
