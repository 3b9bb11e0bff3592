"""Linked patients, such as children: a patient creates them, books and sees their visits."""

import asyncio

import pytest

from domain.patient_limits import BOOKING_QUOTA, HOLD_QUOTA
from domain.people import LINKED_PATIENTS
from tests.support import AMARA, BEN, LENA, MATEO, monday

PATIENTS = "/api/profiles/me/patients"


@pytest.fixture
def ana(as_):
    return as_("patient", "ana")


async def link(api, headers, name: str = "Eva Torres") -> str:
    """Creates a linked patient and returns the id."""
    before = {each["id"] for each in (await api.get(PATIENTS, headers=headers)).json()}
    answer = await api.post(PATIENTS, json={"full_name": name}, headers=headers)
    assert answer.status_code == 201, answer.text
    [made] = [each for each in answer.json() if each["id"] not in before]
    return made["id"]


async def reserve(api, headers, patient: str, at=None, dentist=AMARA, path="availability/reserve"):
    body = {
        "dentist_id": str(dentist),
        "patient_id": patient,
        "starts_at": (at or monday(9)).isoformat(),
        "appointment_type": "checkup",
    }
    return await api.post(f"/api/{path}", json=body, headers=headers)


async def test_a_patient_books_moves_and_cancels_for_a_linked_patient(api, ana):
    child = await link(api, ana)
    held = (await reserve(api, ana, child)).json()
    assert held["patient_id"] == child
    path = f"/api/appointments/{held['id']}"
    booked = (await api.post(f"{path}/confirm", headers=ana)).json()
    assert "reschedule" in booked["allowed"]
    moved = await api.put(path, json={"starts_at": monday(11).isoformat()}, headers=ana)
    assert moved.status_code == 200
    for query in ("", f"?patient_id={child}"):
        listed = (await api.get(f"/api/appointments{query}", headers=ana)).json()["items"]
        assert [each["id"] for each in listed] == [held["id"]]
    assert (await api.get(f"{path}/history", headers=ana)).status_code == 200
    assert (await api.post(f"{path}/cancel", headers=ana)).json()["cancelled_by"] == "patient"


async def test_parent_and_child_have_visits_at_the_same_time(api, ana):
    child = await link(api, ana)
    own = (await api.get("/api/profiles/me", headers=ana)).json()["id"]
    assert (await reserve(api, ana, own)).status_code == 201
    assert (await reserve(api, ana, child, dentist=LENA)).status_code == 201
    overlap = await reserve(api, ana, child, dentist=MATEO)
    assert overlap.json()["code"] in ("patient_overlap", "hold_quota")


async def test_nobody_else_books_for_them_or_sees_them(api, as_, ana):
    child, ben = await link(api, ana), as_("patient", "ben")
    made = (await reserve(api, ana, child)).json()
    assert (await reserve(api, ben, child)).status_code == 403
    assert (await reserve(api, ana, str(BEN))).status_code == 403
    assert (await api.get(f"/api/appointments/{made['id']}", headers=ben)).status_code == 404
    assert (await api.get("/api/appointments", headers=ben)).json()["items"] == []
    assert (await api.delete(f"{PATIENTS}/{child}", headers=ben)).status_code == 404
    assert (await api.get(PATIENTS, headers=ben)).json() == []
    for role in ("dentist", "agent", "desk", "admin"):
        assert (await api.get(PATIENTS, headers=as_(role))).status_code == 403


async def test_a_patient_renames_a_linked_patient(api, as_, ana):
    child = await link(api, ana)
    made = (await reserve(api, ana, child, path="appointments")).json()
    renamed = await api.put(f"{PATIENTS}/{child}", json={"full_name": "Eva Ruiz"}, headers=ana)
    assert renamed.status_code == 200
    assert [each["full_name"] for each in renamed.json()] == ["Eva Ruiz"]
    assert (await api.get(PATIENTS, headers=ana)).json() == renamed.json()
    seen = await api.get(f"/api/appointments/{made['id']}", headers=as_("desk"))
    assert seen.json()["patient_name"] == "Eva Ruiz"
    found = await api.get("/api/profiles?search=ruiz", headers=as_("desk"))
    assert [each["id"] for each in found.json()["items"]] == [child]
    empty = await api.put(f"{PATIENTS}/{child}", json={"full_name": " "}, headers=ana)
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "full_name")


async def test_nobody_else_renames_a_linked_patient(api, as_, ana):
    child, name = await link(api, ana), {"full_name": "Mallory"}
    own = (await api.get("/api/profiles/me", headers=ana)).json()["id"]
    ben = as_("patient", "ben")
    assert (await api.put(f"{PATIENTS}/{child}", json=name, headers=ben)).status_code == 404
    for other in (own, str(BEN)):
        answer = await api.put(f"{PATIENTS}/{other}", json=name, headers=ana)
        assert answer.status_code == 404
    for role in ("dentist", "agent", "desk", "admin"):
        answer = await api.put(f"{PATIENTS}/{child}", json=name, headers=as_(role))
        assert answer.status_code == 403
    await api.delete(f"{PATIENTS}/{child}", headers=ana)
    assert (await api.put(f"{PATIENTS}/{child}", json=name, headers=ana)).status_code == 404


async def test_an_erased_linked_patient_cannot_be_renamed(api, as_, ana, pool):
    child = await link(api, ana)
    await api.post(f"/api/profiles/{child}/erase", headers=as_("admin"))
    answer = await api.put(f"{PATIENTS}/{child}", json={"full_name": "Eva"}, headers=ana)
    assert answer.status_code == 404
    assert await pool.fetchval("select full_name from profiles where id = $1", child) == ""


async def test_when_the_link_is_removed_the_right_ends(api, ana):
    child = await link(api, ana)
    made = (await reserve(api, ana, child, path="appointments")).json()
    refused = await api.delete(f"{PATIENTS}/{child}", headers=ana)
    assert (refused.status_code, "cancel" in refused.json()["detail"]) == (403, True)
    path = f"/api/appointments/{made['id']}"
    await api.post(f"{path}/cancel", headers=ana)
    assert (await api.delete(f"{PATIENTS}/{child}", headers=ana)).json() == []
    assert (await api.get(path, headers=ana)).status_code == 404
    assert (await api.get("/api/appointments", headers=ana)).json()["items"] == []
    assert (await reserve(api, ana, child)).status_code == 403


async def test_the_number_of_linked_patients_is_limited_also_at_once(api, ana):
    answers = await asyncio.gather(
        *(
            api.post(PATIENTS, json={"full_name": f"Child {n}"}, headers=ana)
            for n in range(LINKED_PATIENTS + 3)
        )
    )
    assert [each.status_code for each in answers].count(201) == LINKED_PATIENTS
    made = (await api.get(PATIENTS, headers=ana)).json()
    assert len(made) == LINKED_PATIENTS
    await api.delete(f"{PATIENTS}/{made[0]['id']}", headers=ana)
    again = await api.post(PATIENTS, json={"full_name": "Another"}, headers=ana)
    assert again.status_code == 403


async def test_the_limits_count_a_family_as_one_patient(api, ana):
    own = (await api.get("/api/profiles/me", headers=ana)).json()["id"]
    family = [own, *[await link(api, ana, f"Child {n}") for n in range(3)]]
    dentists = (AMARA, LENA, MATEO)
    answers = await asyncio.gather(
        *(
            reserve(api, ana, patient, monday(9 + n), dentist)
            for n, patient in enumerate(family)
            for dentist in dentists
        )
    )
    assert [each.status_code for each in answers].count(201) == HOLD_QUOTA
    for held in (each.json() for each in answers if each.status_code == 201):
        await api.delete(f"/api/availability/reserve/{held['id']}", headers=ana)
    booked = 0
    for week in range(1, 6):
        for n, patient in enumerate(family):
            at = monday(14 + n, weeks=week)
            answer = await reserve(api, ana, patient, at, path="appointments")
            booked += answer.status_code == 201
    assert booked == BOOKING_QUOTA


async def test_the_same_key_makes_one_linked_patient(api, ana):
    body, key = {"full_name": "Eva Torres"}, {"Idempotency-Key": "eva"}
    answers = [await api.post(PATIENTS, json=body, headers=ana | key) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()


async def test_who_is_erased_takes_the_linked_patients_along(api, as_, ana, pool):
    child = await link(api, ana)
    body = {"notes": "Afraid."}
    made = (await reserve(api, ana, child, path="appointments")).json()
    await api.put(f"/api/appointments/{made['id']}", json=body, headers=ana)
    own = (await api.get("/api/profiles/me", headers=ana)).json()["id"]
    erased = await api.post(f"/api/profiles/{own}/erase", headers=as_("admin"))
    assert (erased.json()["profile"], erased.json()["notes"]) == (2, 1)
    row = await pool.fetchrow("select full_name, erased_at from profiles where id = $1", child)
    assert (row["full_name"], row["erased_at"] is None) == ("", False)
    assert await pool.fetchval("select count(*) from patient_links") == 0


async def test_staff_see_a_linked_patient_as_any_other(api, as_, ana):
    child = await link(api, ana)
    made = (await reserve(api, ana, child, path="appointments")).json()
    for role in ("dentist", "desk", "admin"):
        path = f"/api/appointments/{made['id']}"
        assert (await api.get(path, headers=as_(role))).json()["patient_name"] == "Eva Torres"
        found = await api.get("/api/profiles?search=eva", headers=as_(role))
        assert [each["id"] for each in found.json()["items"]] == [child]
