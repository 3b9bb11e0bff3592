"""The role `desk`: bookings, patients and schedules of its clinics, and nothing else."""

import pytest

from db.demo import CLINIC, person_id
from tests.second_clinic import HARBOUR, NORA, add_harbour
from tests.support import AMARA, ANA, BEN, LENA, monday

CHLOE = person_id("patient", "chloe")
GRETA = person_id("desk", "greta")


@pytest.fixture
async def harbour(pool):
    await add_harbour(pool)


@pytest.fixture
def desk(as_):
    return as_("desk")


async def book(api, headers, dentist, patient, at=None):
    body = {
        "dentist_id": str(dentist),
        "patient_id": str(patient),
        "starts_at": (at or monday(9)).isoformat(),
        "appointment_type": "checkup",
    }
    return await api.post("/api/appointments", json=body, headers=headers)


async def test_a_desk_lists_the_bookings_of_its_clinics_alone(api, as_, desk, harbour):
    here = (await book(api, as_("admin"), AMARA, ANA)).json()
    there = (await book(api, as_("admin"), NORA, BEN)).json()
    for query in ("", f"?clinic_id={CLINIC}", f"?dentist_id={AMARA},{NORA}"):
        listed = (await api.get(f"/api/appointments{query}", headers=desk)).json()["items"]
        assert [each["id"] for each in listed] == [here["id"]]
    assert (await api.get(f"/api/appointments?clinic_id={HARBOUR}", headers=desk)).json() == {
        "items": []
    }
    for path in ("", "/history", "/confirm"):
        method = "POST" if path == "/confirm" else "GET"
        answer = await api.request(method, f"/api/appointments/{there['id']}{path}", headers=desk)
        assert answer.status_code == 404


async def test_a_desk_books_and_moves_at_its_clinics_alone(api, as_, desk, harbour):
    await book(api, as_("patient", "ana"), AMARA, ANA, monday(16))
    refused = await book(api, desk, NORA, ANA)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    made = (await book(api, desk, LENA, ANA)).json()
    assert made["patient_name"] == "Ana Torres"
    path = f"/api/appointments/{made['id']}"
    for dentist, status in ((NORA, 403), (AMARA, 200)):
        moved = await api.put(path, json={"dentist_id": str(dentist)}, headers=desk)
        assert moved.status_code == status, moved.text


async def test_a_desk_finds_the_patients_of_its_clinics_and_books_for_no_others(
    api, as_, desk, harbour
):
    await book(api, as_("patient", "ana"), AMARA, ANA)
    await book(api, as_("patient", "chloe"), NORA, CHLOE)
    new = {"full_name": "Eva Novak", "phone": "+49 30 5550100"}
    eva = (await api.post("/api/profiles", json=new, headers=desk)).json()
    found = (await api.get("/api/profiles", headers=desk)).json()["items"]
    assert {each["full_name"] for each in found if each["role"] == "patient"} == {
        "Ana Torres",
        "Eva Novak",
    }
    assert (await api.get(f"/api/profiles/{CHLOE}", headers=desk)).status_code == 404
    refused = await book(api, desk, AMARA, CHLOE, monday(11))
    assert refused.json()["errors"][0]["field"] == "patient_id"
    assert (await book(api, desk, AMARA, eva["id"], monday(11))).status_code == 201


async def test_what_a_desk_books_itself_opens_no_other_profile(api, as_, desk, harbour, pool):
    await book(api, as_("patient", "chloe"), NORA, CHLOE)
    for _ in range(2):
        assert (await book(api, desk, AMARA, CHLOE)).status_code == 422
        assert (await api.get(f"/api/profiles/{CHLOE}", headers=desk)).status_code == 404


async def test_a_desk_edits_the_schedules_of_its_clinics_alone(api, desk, harbour):
    body = {"weekly": [{"weekday": 0, "starts": "09:00", "ends": "12:00"}], "exceptions": []}
    closed = {"exceptions": [{"on_date": "2030-12-24", "kind": "closed"}]}
    for path, sent, status in (
        (f"/api/availability/{AMARA}", body, 200),
        (f"/api/availability/{NORA}", body, 403),
        (f"/api/clinics/{CLINIC}/exceptions", closed, 200),
        (f"/api/clinics/{HARBOUR}/exceptions", closed, 403),
    ):
        answer = await api.put(path, json=sent, headers=desk)
        assert answer.status_code == status, path


async def test_a_desk_gives_no_roles_erases_nobody_and_changes_no_settings(api, pool, desk):
    type = await pool.fetchval("select id from appointment_types where slug = 'checkup'")
    await pool.execute("update profiles set created_by = $1, created_as = 'desk'", GRETA)
    for method, path, body in (
        ("POST", "/api/profiles", {"full_name": "X", "role": "admin"}),
        ("POST", "/api/profiles", {"full_name": "X", "role": "desk", "clinic_ids": [str(CLINIC)]}),
        ("PUT", f"/api/profiles/{ANA}", {"role": "admin"}),
        ("PUT", f"/api/profiles/{ANA}", {"active": False}),
        ("PUT", "/api/profiles/me", {"clinic_ids": [str(HARBOUR)]}),
        ("PUT", f"/api/profiles/{GRETA}", {"clinic_ids": [str(HARBOUR)]}),
        ("POST", f"/api/profiles/{ANA}/erase", None),
        ("PUT", f"/api/clinics/{CLINIC}", {"name": "X"}),
        ("PUT", f"/api/appointment-types/{type}", {"name": "X"}),
        ("POST", "/api/resources", {"clinic_id": str(CLINIC), "name": "X"}),
        ("GET", "/api/admin/realtime", None),
    ):
        answer = await api.request(method, path, json=body, headers=desk)
        assert answer.status_code in (403, 422), (method, path)


async def test_an_admin_gives_a_receptionist_clinics_and_only_a_receptionist(api, as_, harbour):
    admin, new = as_("admin"), {"full_name": "Rosa Lind", "role": "desk"}
    lacking = await api.post("/api/profiles", json=new, headers=admin)
    assert "clinic_ids" in lacking.json()["detail"]
    both = sorted([str(CLINIC), str(HARBOUR)])
    made = await api.post("/api/profiles", json=new | {"clinic_ids": both * 2}, headers=admin)
    assert made.json()["clinic_ids"] == both
    path = f"/api/profiles/{made.json()['id']}"
    fewer = await api.put(path, json={"clinic_ids": [str(HARBOUR)]}, headers=admin)
    assert fewer.json()["clinic_ids"] == [str(HARBOUR)]
    for sent in ({"clinic_ids": []}, {"clinic_ids": None}, {"clinic_ids": [str(ANA)]}):
        assert (await api.put(path, json=sent, headers=admin)).status_code == 422
    wrong = await api.put(f"/api/profiles/{ANA}", json={"clinic_ids": both}, headers=admin)
    assert wrong.json()["errors"][0]["field"] == "clinic_ids"
    other = await api.put(path, json={"role": "admin"}, headers=admin)
    assert "clinic_ids" not in other.json()


async def test_the_right_ends_with_the_clinic(api, as_, desk, harbour):
    here = (await book(api, as_("admin"), AMARA, ANA)).json()
    path = f"/api/appointments/{here['id']}"
    assert (await api.get(path, headers=desk)).status_code == 200
    moved = {"clinic_ids": [str(HARBOUR)]}
    await api.put(f"/api/profiles/{GRETA}", json=moved, headers=as_("admin"))
    assert (await api.get(path, headers=desk)).status_code == 404
    assert (await api.post(f"{path}/cancel", headers=desk)).status_code == 404
    assert (await api.get("/api/appointments", headers=desk)).json()["items"] == []
