"""An organisation that has nothing but an admin's token sets itself up over the API."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from db.demo import CLINIC, person_id
from db.migrate import migrate
from tests.support import AMARA

CLINICS, TYPES, RESOURCES = "/api/clinics", "/api/appointment-types", "/api/resources"
NEW_TYPE = {
    "clinic_id": str(CLINIC),
    "slug": "whitening",
    "name": "Whitening",
    "duration_minutes": 40,
}


class TestFromNothing:
    @pytest.fixture
    async def dsn(self, postgres) -> AsyncIterator[str]:
        """A schema, and nothing in it."""
        name = f"test_{uuid4().hex[:12]}"
        server = await asyncpg.connect(postgres.superuser_dsn())
        await server.execute(f"create database {name} owner chairtime")
        await migrate(postgres.dsn(name))
        yield postgres.dsn(name)
        await server.execute(f"drop database {name} with (force)")
        await server.close()

    async def test_a_clinic_is_set_up_and_a_slot_booked_there(self, api, as_):
        admin = as_("admin")

        async def make(path, **body):
            answer = await api.post(path, json=body, headers=admin)
            assert answer.status_code == 201, answer.text
            return answer.json()

        clinic = await make(CLINICS, name="Dentists of Tahiti", time_zone="Pacific/Tahiti")
        at = {"clinic_id": clinic["id"]}
        await make(TYPES, **NEW_TYPE | at, needs_chair=True)
        await make(RESOURCES, **at, name="Chair 1")
        dentist = await make(
            "/api/profiles", **at, full_name="Dr. Vaea", role="dentist", specialty="All of it"
        )
        path = f"/api/availability/{dentist['id']}"
        week = [{"weekday": day, "starts": "08:00", "ends": "12:00"} for day in range(7)]
        schedule = {"weekly": week, "exceptions": []}
        hours = await api.put(path, json=schedule, headers=admin)
        assert hours.status_code == 200, hours.text

        first = as_("patient", "first")
        asked = {"appointment_type": "whitening", "days": 3}
        slots = (await api.get(f"{path}/slots", params=asked, headers=first)).json()
        assert slots[0]["starts_at"].endswith("-10:00")
        body = {
            "dentist_id": dentist["id"],
            "starts_at": slots[0]["starts_at"],
            "appointment_type": "whitening",
        }
        booked = await api.post("/api/appointments", json=body, headers=first)
        assert (booked.status_code, booked.json()["status"]) == (201, "booked")
        assert booked.json()["time_zone"] == "Pacific/Tahiti"

    async def test_only_the_very_first_admin_needs_no_row(self, api, as_):
        assert (await api.get(RESOURCES, headers=as_("agent"))).status_code == 403
        assert (await api.get(RESOURCES, headers=as_("admin"))).status_code == 200
        assert (await api.get(RESOURCES, headers=as_("admin", "second"))).status_code == 403
        second = {"id": str(person_id("admin", "second")), "role": "admin", "full_name": "Second"}
        made = await api.post("/api/profiles", json=second, headers=as_("admin"))
        assert made.status_code == 201
        assert (await api.get(RESOURCES, headers=as_("admin", "second"))).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (CLINICS, {"name": "X", "time_zone": "Mars/Olympus"}, "time_zone"),
        (CLINICS, {"name": "X", "time_zone": "Europe/Paris", "slot_grid_minutes": 0}, None),
        (CLINICS, {"name": "", "time_zone": "Europe/Paris"}, "name"),
        (CLINICS, {"time_zone": "Europe/Paris"}, "name"),
        (CLINICS, {"name": "X", "time_zone": "Europe/Paris", "id": str(uuid7())}, "id"),
        (TYPES, NEW_TYPE | {"slug": "checkup"}, "slug"),
        (TYPES, NEW_TYPE | {"slug": "CheckUp"}, "slug"),
        (TYPES, NEW_TYPE | {"slug": "with space"}, "slug"),
        (TYPES, NEW_TYPE | {"duration_minutes": -5}, "duration_minutes"),
        (TYPES, NEW_TYPE | {"duration_minutes": 24 * 60 + 1}, "duration_minutes"),
        (TYPES, NEW_TYPE | {"buffer_before_minutes": 24 * 60 + 1}, "buffer_before_minutes"),
        (TYPES, NEW_TYPE | {"buffer_after_minutes": 24 * 60 + 1}, "buffer_after_minutes"),
        (TYPES, NEW_TYPE | {"buffer_after_minutes": -1}, "buffer_after_minutes"),
        (TYPES, NEW_TYPE | {"horizon_days": 10**12}, "horizon_days"),
        (TYPES, NEW_TYPE | {"clinic_id": str(uuid7())}, "clinic_id"),
        (RESOURCES, {"clinic_id": str(CLINIC), "name": "Chair 1"}, "name"),
        (RESOURCES, {"clinic_id": str(uuid7()), "name": "Chair 9"}, "clinic_id"),
        (RESOURCES, {"clinic_id": str(CLINIC), "name": "X", "kind": "dentist"}, "kind"),
        ("/api/profiles", {"full_name": "X", "role": "dentist"}, None),
        ("/api/profiles", {"full_name": "X", "specialty": "Surgery"}, None),
        (
            "/api/profiles",
            {
                "full_name": "X",
                "role": "dentist",
                "specialty": "Surgery",
                "clinic_id": str(uuid7()),
            },
            "clinic_id",
        ),
    ],
)
async def test_invalid_body_names_its_field_and_changes_nothing(api, as_, pool, path, body, field):
    tables = ("clinics", "appointment_types", "resources", "profiles", "dentists")
    before = [await pool.fetchval(f"select count(*) from {table}") for table in tables]
    answer = await api.post(path, json=body, headers=as_("admin"))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    if field:
        assert answer.json()["errors"][0]["field"] == field
    assert [await pool.fetchval(f"select count(*) from {table}") for table in tables] == before


@pytest.mark.parametrize(
    ("path", "new", "change"),
    [
        (CLINICS, {"name": "B", "time_zone": "Europe/Rome"}, {"slot_grid_minutes": 20}),
        (TYPES, NEW_TYPE, {"duration_minutes": 50, "hold_seconds": 90, "horizon_days": 10}),
        (RESOURCES, {"clinic_id": str(CLINIC), "name": "Chair 9"}, {"active": False}),
    ],
)
async def test_created_objects_are_read_and_changed_by_version(api, as_, path, new, change):
    admin = as_("admin")
    made = await api.post(path, json=new, headers=admin)
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert made.json().items() >= new.items()
    place = made.headers["Location"]
    assert (await api.get(place, headers=admin)).json() == made.json()
    assert made.json() in (await api.get(path, headers=admin)).json()

    first = admin | {"If-Match": '"1"'}
    changed = await api.put(place, json=change, headers=first)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    moved = {"version", "updated_at"}
    expected = made.json() | change
    assert {k: v for k, v in changed.json().items() if k not in moved} == {
        k: v for k, v in expected.items() if k not in moved
    }
    stale = await api.put(place, json=change, headers=first)
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    for body in ({}, {"version": 9}, {next(iter(change)): None}):
        assert (await api.put(place, json=body, headers=admin)).status_code == 422


created = pytest.mark.parametrize(
    ("path", "new", "change"),
    [
        (CLINICS, {"name": "B", "time_zone": "Europe/Rome"}, {"name": "C"}),
        (TYPES, NEW_TYPE, {"name": "Bleaching"}),
        (RESOURCES, {"clinic_id": str(CLINIC), "name": "Chair 9"}, {"name": "Chair 10"}),
        ("/api/profiles", {"full_name": "Eva Novak"}, {"full_name": "Eva Stone"}),
        (
            "/api/profiles",
            {"full_name": "Vera", "role": "admin", "id": str(uuid7())},
            {"phone": "030 77-12"},
        ),
    ],
)


@created
async def test_a_repeat_under_the_same_key_makes_no_second_one(api, as_, path, new, change):
    keyed = as_("admin", None, **{"Idempotency-Key": "k"})
    answers = await asyncio.gather(*(api.post(path, json=new, headers=keyed) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    first, *others = [answer.json() for answer in answers]
    assert others == [first] * 4
    place = answers[0].headers["Location"]
    changed = await api.put(place, json=change, headers=as_("admin"))
    again = await api.post(path, json=new, headers=keyed)
    assert (again.status_code, again.headers["ETag"]) == (200, '"2"')
    assert (again.headers["Location"], again.json()) == (place, changed.json())


@created
async def test_another_body_under_a_key_is_refused_and_makes_nothing(api, as_, path, new, change):
    keyed = as_("admin", None, **{"Idempotency-Key": "k"})
    assert (await api.post(path, json=new, headers=keyed)).status_code == 201
    before = (await api.get(path, headers=keyed)).json()
    refused = await api.post(path, json=new | change, headers=keyed)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert (await api.get(path, headers=keyed)).json() == before


async def test_a_refused_creation_leaves_its_key_free(api, as_):
    keyed = as_("admin", None, **{"Idempotency-Key": "k"})
    taken = await api.post(TYPES, json=NEW_TYPE | {"slug": "checkup"}, headers=keyed)
    assert (taken.status_code, taken.json()["code"]) == (422, "validation_failed")
    assert (await api.post(TYPES, json=NEW_TYPE, headers=keyed)).status_code == 201


SAME_NAMES = [("Chair 9", "CHAIR 9"), ("Chair 9", "Chair   9"), ("Chair 9", "chair\u00a09")]
SAME_NAMES += [("Gerät Ä", "GERÄT ä"), (" Chair 9 ", "Chair 9"), ("Chair 9", "\uff23hair 9")]


@pytest.mark.parametrize(("name", "like_it"), SAME_NAMES)
async def test_chairs_of_a_clinic_differ_in_more_than_case_and_spaces(api, as_, name, like_it):
    admin, at = as_("admin"), {"clinic_id": str(CLINIC)}
    made = await api.post(RESOURCES, json=at | {"name": name}, headers=admin)
    other = await api.post(RESOURCES, json=at | {"name": "Another"}, headers=admin)
    assert (made.status_code, other.status_code) == (201, 201)
    path = f"{RESOURCES}/{other.json()['no']}"
    for refused in (
        await api.post(RESOURCES, json=at | {"name": like_it}, headers=admin),
        await api.put(path, json={"name": like_it}, headers=admin),
    ):
        assert refused.status_code == 422
        assert refused.json()["errors"] == [
            {"field": "name", "code": "taken", "message": "is taken"}
        ]
    own = f"{RESOURCES}/{made.json()['no']}"
    assert (await api.put(own, json={"name": like_it}, headers=admin)).status_code == 200


async def test_inactive_chair_is_not_offered(api, as_):
    admin = as_("admin")
    chairs = {"clinic_id": str(CLINIC), "kind": "chair"}
    for chair in (await api.get(RESOURCES, params=chairs, headers=admin)).json():
        off = await api.put(f"{RESOURCES}/{chair['no']}", json={"active": False}, headers=admin)
        assert off.status_code == 200
    asked = {"appointment_type": "checkup", "days": 7}
    path = f"/api/availability/{AMARA}/slots"
    assert (await api.get(path, params=asked, headers=admin)).json() == []


async def test_a_dentist_has_a_resource_of_their_name_that_is_not_edited_as_a_chair(api, as_):
    admin = as_("admin")
    staff = (await api.get(RESOURCES, params={"kind": "dentist"}, headers=admin)).json()
    amara = next(each for each in staff if each["profile_id"] == str(AMARA))
    assert amara["name"] == "Dr. Amara Okafor"
    body = {"name": "Chair X"}
    refused = await api.put(f"{RESOURCES}/{amara['no']}", json=body, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")


async def test_booking_keeps_its_terms_when_the_type_changes(api, as_, pool):
    admin = as_("admin")
    made = (await api.post(TYPES, json=NEW_TYPE, headers=admin)).json()
    path = f"/api/availability/{AMARA}/slots"
    asked = {"appointment_type": "whitening", "days": 7}
    ana = as_("patient", "ana")  # staff are also offered walk-ins that have begun
    slot = (await api.get(path, params=asked, headers=ana)).json()[-1]
    body = {
        "dentist_id": str(AMARA),
        "starts_at": slot["starts_at"],
        "appointment_type": "whitening",
    }
    booked = (await api.post("/api/appointments", json=body, headers=ana)).json()
    strict = {"cancel_notice_minutes": 60 * 24 * 30, "duration_minutes": 10}
    await api.put(f"{TYPES}/{made['id']}", json=strict, headers=admin)
    place = f"/api/appointments/{booked['id']}"
    assert (await api.get(place, headers=ana)).json()["ends_at"] == booked["ends_at"]
    assert (await api.delete(place, headers=ana)).status_code == 200
