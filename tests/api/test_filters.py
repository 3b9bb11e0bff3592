"""What a list of appointments can be narrowed to, and who may ask for which."""

import pytest

from db.demo import CLINIC
from tests.second_clinic import HARBOUR, NORA, add_harbour
from tests.support import AMARA, ANA, BEN, LENA, monday, rewrite


@pytest.fixture
async def visits(api, pool, as_) -> dict[str, str]:
    """Visits at two clinics, on two chairs and without one, one of them flagged."""
    await add_harbour(pool)
    made = {}
    for name, dentist, patient, type in (
        ("amara", AMARA, ANA, "checkup"),
        ("lena", LENA, BEN, "checkup"),
        ("no chair", LENA, BEN, "consultation"),
        ("nora", NORA, BEN, "checkup"),
    ):
        body = {
            "dentist_id": str(dentist),
            "patient_id": str(patient),
            "starts_at": monday(9 if type == "checkup" and dentist != NORA else 10).isoformat(),
            "appointment_type": type,
        }
        if name == "nora":
            body["starts_at"] = monday(14).isoformat()
        answer = await api.post("/api/appointments", json=body, headers=as_("admin"))
        assert answer.status_code == 201, answer.text
        made[name] = answer.json()["id"]
    lapsed = "update appointments set lapsed_at = clock_timestamp() where id = $1"
    await rewrite(pool, lapsed, made["lena"])
    return made


async def test_each_filter_leaves_what_it_names(api, pool, as_, visits):
    number = "select no from resources where clinic_id = $1 and name = $2"
    first = await pool.fetchval(number, CLINIC, "Chair 1")
    second = await pool.fetchval(number, CLINIC, "Chair 2")
    for query, names in {
        f"clinic_id={CLINIC}": {"amara", "lena", "no chair"},
        f"clinic_id={HARBOUR}": {"nora"},
        f"clinic_id={ANA}": set(),
        "lapsed=true": {"lena"},
        "lapsed=false": {"amara", "no chair", "nora"},
        f"chair={first}": {"amara"},
        f"chair={second}": {"lena"},
        f"chair={second}&lapsed=false": set(),
        f"chair={first}&clinic_id={HARBOUR}": set(),
        f"clinic_id={CLINIC}&status=booked&dentist_id={LENA}": {"lena", "no chair"},
    }.items():
        answer = await api.get(f"/api/appointments?{query}", headers=as_("admin"))
        assert answer.status_code == 200, answer.text
        assert {each["id"] for each in answer.json()["items"]} == {visits[n] for n in names}, query


@pytest.mark.parametrize("wrong", ["clinic_id=x", "lapsed=perhaps", "chair=one", "chair=0"])
async def test_a_filter_that_cannot_be_read_is_refused_by_name(api, as_, wrong):
    answer = await api.get(f"/api/appointments?{wrong}", headers=as_("admin"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == wrong.partition("=")[0]


async def test_patients_and_agents_cannot_ask_for_a_chair(api, as_, visits):
    for caller in (as_("patient", "ana"), as_("agent")):
        answer = await api.get("/api/appointments?chair=1", headers=caller)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_filter_shows_nobody_more_than_they_may_see(api, as_, visits):
    for caller, names in (("ana", {"amara"}), ("ben", {"lena", "no chair"})):
        path = f"/api/appointments?clinic_id={CLINIC}"
        answer = await api.get(path, headers=as_("patient", caller))
        assert {each["id"] for each in answer.json()["items"]} == {visits[n] for n in names}


async def test_history_names_the_actors_to_staff_alone(api, pool, as_, visits):
    await pool.execute("update profiles set full_name = 'Ada Admin' where role = 'admin'")
    path = f"/api/appointments/{visits['amara']}/history"
    staff = (await api.get(path, headers=as_("dentist", "amara"))).json()
    assert {each["actor_name"] for each in staff} == {"Ada Admin"}
    assert {each["actor"].partition(":")[0] for each in staff} == {"admin"}
    own = (await api.get(path, headers=as_("patient", "ana"))).json()
    assert all("actor_name" not in each for each in own)
