"""A move is all or nothing, and a booking keeps its id, its rights and its history through it."""

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.support import AMARA, ANA, LENA, begin_visit, monday

RESERVE = "/api/availability/reserve"


@pytest.fixture
async def booked(api, as_):
    """A check-up of Ana's with Amara, Monday at nine."""
    body = {
        "dentist_id": str(AMARA),
        "starts_at": monday(9).isoformat(),
        "appointment_type": "checkup",
        "notes": "first visit",
    }
    return (await api.post("/api/appointments", json=body, headers=as_("patient", "ana"))).json()


def path(booking, action: str = "") -> str:
    return f"/api/appointments/{booking['id']}{action}"


def at(hour: int, minute: int = 0) -> dict[str, str]:
    return {"starts_at": monday(hour, minute).isoformat()}


async def claims(pool, booking) -> list[tuple]:
    rows = await pool.fetch(
        """
        select r.kind, lower(s.during), upper(s.during) from slot_reservations s
          join resources r on r.no = s.resource_no
         where s.appointment_id = $1 and s.active order by r.kind
        """,
        booking["id"],
    )
    return [tuple(row) for row in rows]


async def test_a_move_keeps_id_and_notes_and_frees_the_old_time(api, as_, pool, booked):
    moved = await api.put(path(booked), json=at(14), headers=as_("patient", "ana"))
    assert moved.status_code == 200
    assert (moved.json()["id"], moved.json()["status"]) == (booked["id"], "booked")
    assert moved.json()["version"] == booked["version"] + 1
    assert moved.json()["notes"] == "first visit"
    day = [kind for kind, starts, _ in await claims(pool, booked) if starts == monday(14)]
    assert day == ["chair", "dentist", "patient"]
    again = {"dentist_id": str(AMARA), "appointment_type": "checkup"} | at(9)
    freed = await api.post(RESERVE, json=again, headers=as_("patient", "ben"))
    assert freed.status_code == 201


async def test_a_move_may_overlap_its_own_old_time(api, as_, booked):
    moved = await api.put(path(booked), json=at(9, 15), headers=as_("patient", "ana"))
    assert (moved.status_code, moved.json()["version"]) == (200, booked["version"] + 1)


async def test_a_refused_move_leaves_everything_as_it_was(api, as_, pool, booked):
    before = await claims(pool, booked)
    other = {"dentist_id": str(AMARA), "appointment_type": "checkup"} | at(14)
    await api.post("/api/appointments", json=other, headers=as_("patient", "ben"))
    for body, status, code in [
        (at(14), 409, "slot_unavailable"),
        (at(12), 409, "slot_not_offered"),
        ({"dentist_id": str(ANA)}, 422, "validation_failed"),
        ({"appointment_type": "surgery"}, 422, "validation_failed"),
        ({}, 422, "validation_failed"),
        ({"status": "cancelled"}, 422, "validation_failed"),
    ]:
        refused = await api.put(path(booked), json=body, headers=as_("patient", "ana"))
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await claims(pool, booked) == before
    assert (await api.get(path(booked), headers=as_("patient", "ana"))).json() == booked


async def test_a_move_to_another_dentist_and_type_takes_that_types_terms(api, as_, pool, booked):
    body = {"dentist_id": str(LENA), "appointment_type": "cleaning"} | at(15)
    moved = (await api.put(path(booked), json=body, headers=as_("admin"))).json()
    assert (moved["dentist_id"], moved["appointment_type"]) == (str(LENA), "cleaning")
    kept = dict((kind, upper) for kind, _, upper in await claims(pool, booked))
    assert kept["patient"] == monday(15) + timedelta(minutes=45)
    assert kept["dentist"] == kept["chair"] == monday(15) + timedelta(minutes=55)


async def test_the_same_move_again_is_no_second_move(api, as_, pool, booked):
    headers = as_("patient", "ana", **{"Idempotency-Key": "m"})
    answers = await asyncio.gather(
        *(api.put(path(booked), json=at(14), headers=headers) for _ in range(10))
    )
    assert {(a.status_code, a.json()["version"]) for a in answers} == {(200, 3)}
    other = await api.put(path(booked), json=at(15), headers=headers)
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_move_on_a_stale_version_changes_nothing(api, as_, booked):
    stale = as_("patient", "ana", **{"If-Match": '"1"'})
    refused = await api.put(path(booked), json=at(14), headers=stale)
    assert (refused.status_code, refused.json()["code"]) == (412, "version_conflict")


async def test_concurrent_moves_to_one_slot_have_one_winner(api, as_, booked):
    other = {"dentist_id": str(AMARA), "appointment_type": "checkup"} | at(11)
    second = await api.post("/api/appointments", json=other, headers=as_("patient", "ben"))
    answers = await asyncio.gather(
        api.put(path(booked), json=at(14), headers=as_("patient", "ana")),
        api.put(path(second.json()), json=at(14), headers=as_("patient", "ben")),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_notes_alone_are_an_edit(api, as_, booked):
    edited = await api.put(path(booked), json={"notes": "bring x-ray"}, headers=as_("admin"))
    assert edited.json()["notes"] == "bring x-ray"
    trail = (await api.get(path(booked, "/history"), headers=as_("admin"))).json()
    assert [line["verb"] for line in trail] == ["hold", "confirm", "edit"]
    assert trail[-1]["actor"].startswith("admin:")


async def test_move_by_staff_keeps_approval_and_by_patient_does_not(api, as_, pool, booked):
    await pool.execute("update appointment_types set needs_approval = true where slug = 'filling'")
    ana, admin = as_("patient", "ana"), as_("admin")
    body = {"dentist_id": str(LENA), "appointment_type": "filling"} | at(10)
    asked = (await api.post("/api/appointments", json=body, headers=ana)).json()
    assert asked["status"] == "pending_approval"
    refused = await api.post(path(asked, "/approve"), headers=ana)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    approved = await api.post(path(asked, "/approve"), headers=admin)
    assert approved.json()["status"] == "booked"
    by_staff = await api.put(path(asked), json=at(14), headers=admin)
    assert by_staff.json()["status"] == "booked"
    by_patient = await api.put(path(asked), json=at(16), headers=ana)
    assert by_patient.json()["status"] == "pending_approval"
    declined = await api.post(path(asked, "/decline"), headers=admin)
    assert declined.json()["status"] == "declined"


async def test_a_visit_is_checked_in_started_and_completed_by_staff_alone(api, as_, pool, booked):
    amara = as_("dentist", "amara")
    await begin_visit(pool, booked["id"])
    for action, status in [
        ("/check-in", "checked_in"),
        ("/start", "in_treatment"),
        ("/complete", "completed"),
    ]:
        forbidden = await api.post(path(booked, action), headers=as_("patient", "ana"))
        assert forbidden.status_code == 403
        elsewhere = await api.post(path(booked, action), headers=as_("dentist", "lena"))
        assert elsewhere.status_code == 404
        assert (await api.post(path(booked, action), headers=amara)).json()["status"] == status
    late = await api.post(path(booked, "/no-show"), headers=amara)
    assert (late.status_code, late.json()["allowed"]) == (409, [])


async def test_lists_are_narrowed_by_what_is_asked_for(api, as_, booked):
    admin = as_("admin")
    await api.post(
        RESERVE,
        json={"dentist_id": str(LENA), "appointment_type": "cleaning"} | at(13),
        headers=as_("patient", "ben"),
    )

    async def found(**query) -> list[str]:
        answer = await api.get("/api/appointments", params=query, headers=admin)
        return [item["appointment_type"] for item in answer.json()["items"]]

    assert await found() == ["checkup", "cleaning"]
    assert await found(status="held") == ["cleaning"]
    assert await found(status=["held", "booked"]) == ["checkup", "cleaning"]
    assert await found(dentist_id=str(AMARA)) == ["checkup"]
    assert await found(patient_id=str(ANA), appointment_type="Checkup") == ["checkup"]
    assert await found(**{"from": monday(10).isoformat()}) == ["cleaning"]
    assert await found(**{"to": monday(10).isoformat()}) == ["checkup"]
    lena = await api.get("/api/appointments", headers=as_("dentist", "lena"))
    assert [item["dentist_id"] for item in lena.json()["items"]] == [str(LENA)]


@pytest.mark.parametrize("action", ["/check-in", "/no-show"])
async def test_early_check_in_is_refused_with_not_before(api, as_, booked, action):
    refused = await api.post(path(booked, action), headers=as_("dentist", "amara"))
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_transition")
    assert refused.json()["current"] == "booked"
    first = monday(0) if action == "/check-in" else monday(9)
    assert datetime.fromisoformat(refused.json()["not_before"]) == first
