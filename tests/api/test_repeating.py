"""What GET answers can be sent back by PUT: unchanged it changes nothing that one sees, and a
read-only field that differs is named.
"""

import pytest

from api.bookings.requests import Update
from db.demo import CLINIC
from tests.api.test_conditions import DOCUMENT, EDITS, booked
from tests.api.test_strict import faults
from tests.support import AMARA, ANA, monday

PATHS = {
    "update": "/api/appointments/{booking}",
    "update_me": "/api/profiles/me",
    "update_profile": f"/api/profiles/{ANA}",
    "a dentist's profile": f"/api/profiles/{AMARA}",
    "update_clinic": f"/api/clinics/{CLINIC}",
    "update_type": "/api/appointment-types/{type}",
    "update_resource": "/api/resources/{chair}",
    "a dentist's resource": "/api/resources/{dentist}",
    "replace_schedule": f"/api/availability/{AMARA}",
    "replace_clinic_exceptions": f"/api/clinics/{CLINIC}/exceptions",
    "update_webhook": "/api/webhooks/{webhook}",
}
MOVING = {"version", "updated_at", "server_time", "expires_in_seconds"}


def test_every_edit_is_repeated():
    assert set(EDITS) <= set(PATHS)


async def path_of(api, headers, name: str) -> str:
    types = (await api.get("/api/appointment-types", headers=headers)).json()
    resources = (await api.get("/api/resources", headers=headers)).json()
    numbers = {each["kind"]: each["no"] for each in resources}
    booking = await booked(api, headers) if "booking" in PATHS[name] else ""
    webhook = await endpoint(api, headers) if "webhook" in PATHS[name] else ""
    return PATHS[name].format(booking=booking, webhook=webhook, type=types[0]["id"], **numbers)


async def endpoint(api, headers) -> str:
    wish = {"url": "https://bot.example/events", "topics": ["appointments"]}
    return (await api.post("/api/webhooks", json=wish, headers=headers)).json()["id"]


@pytest.mark.parametrize("name", PATHS)
async def test_put_of_what_get_answered_changes_nothing(api, as_, name):
    admin = as_("admin")
    path = await path_of(api, admin, name)
    read = await api.get(path, headers=admin)
    tag = {"If-Match": read.headers["ETag"]}
    back = await api.put(path, json=read.json(), headers=admin | tag)
    assert back.status_code == 200, back.text
    again = (await api.get(path, headers=admin)).json()
    kept = {k: v for k, v in read.json().items() if k not in MOVING}
    assert {k: v for k, v in again.items() if k not in MOVING} == kept
    stale = await api.put(path, json=again, headers=admin | {"If-Match": '"999"'})
    assert stale.status_code == 412


@pytest.mark.parametrize("name", PATHS)
async def test_a_read_only_field_that_differs_is_named_and_nothing_is_changed(api, as_, name):
    admin = as_("admin")
    path = await path_of(api, admin, name)
    read = (await api.get(path, headers=admin)).json()
    fixed = read_only(name) & read.keys() - Update.VOLATILE
    assert "version" in fixed
    for field in fixed:
        for other in ("other", None, 7_000, [], "2001-01-01T00:00:00Z"):
            if other != read[field]:
                answer = await api.put(path, json=read | {field: other}, headers=admin)
                assert field in faults(answer), (field, other)
    assert (await api.get(path, headers=admin)).json() == read


@pytest.mark.parametrize("name", PATHS)
async def test_a_read_only_field_by_itself_is_named(api, as_, name):
    admin = as_("admin")
    path = await path_of(api, admin, name)
    for field in read_only(name):
        answer = await api.put(path, json={field: "other"}, headers=admin)
        assert set(faults(answer)) == {field}


def read_only(name: str) -> set[str]:
    """The fields that the document says cannot be changed by this edit."""
    name = {"a dentist's profile": "update_profile", "a dentist's resource": "update_resource"}.get(
        name, name
    )
    [edit] = [
        operation
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        if operation["operationId"] == name
    ]
    reference = edit["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
    return {field for field, told in schema["properties"].items() if told.get("readOnly")}


async def test_a_hold_and_a_booking_that_is_over_can_be_sent_back(api, as_):
    ana = as_("patient", "ana")
    wish = {"dentist_id": str(AMARA), "starts_at": monday(9).isoformat()}
    body = wish | {"appointment_type": "checkup"}
    held = (await api.post("/api/availability/reserve", json=body, headers=ana)).json()
    path = f"/api/appointments/{held['id']}"
    for _ in range(2):
        read = (await api.get(path, headers=ana)).json()
        back = await api.put(path, json=read, headers=ana)
        assert (back.status_code, back.json()["version"]) == (200, read["version"])
        await api.post(f"{path}/cancel", headers=ana)


async def test_put_with_one_field_changed_changes_that_field(api, as_):
    admin = as_("admin")
    path = f"/api/appointments/{await booked(api, admin)}"
    read = (await api.get(path, headers=admin)).json()
    edited = await api.put(path, json=read | {"notes": "Bring the X-ray."}, headers=admin)
    assert (edited.status_code, edited.json()["notes"]) == (200, "Bring the X-ray.")
    assert edited.json()["version"] == read["version"] + 1
    history = (await api.get(f"{path}/history", headers=admin)).json()
    assert history[-1]["verb"] == "edit"
    moved = await api.put(
        path, json=edited.json() | {"starts_at": monday(10).isoformat()}, headers=admin
    )
    assert (moved.status_code, moved.json()["ends_at"] != read["ends_at"]) == (200, True)


async def test_an_agent_can_send_back_the_patient_it_made(api, as_):
    agent = as_("agent")
    made = await api.post("/api/profiles", json={"full_name": "Eva"}, headers=agent)
    path = f"/api/profiles/{made.json()['id']}"
    read = (await api.get(path, headers=agent)).json()
    back = await api.put(path, json=read | {"full_name": "Eva Novak"}, headers=agent)
    assert (back.status_code, back.json()["full_name"]) == (200, "Eva Novak")
    refused = await api.put(path, json=back.json() | {"role": "admin"}, headers=agent)
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "change", [{}, {"notes": "x-ray"}, {"starts_at": monday(14).isoformat(), "notes": None}]
)
async def test_put_of_edited_object_is_repeatable_under_its_key(api, as_, change):
    """A repeat is answered though the booking, and so what GET shows, is another one by now."""
    admin = as_("admin")
    path = f"/api/appointments/{await booked(api, admin)}"
    sent = (await api.get(path, headers=admin)).json() | change
    keyed = admin | {"Idempotency-Key": "k"}
    assert (await api.put(path, json=sent, headers=keyed)).status_code == 200
    present = (await api.put(path, json={"staff_notes": "later"}, headers=admin)).json()
    again = await api.put(path, json=sent, headers=keyed)
    assert (again.status_code, again.json()) == (200, present)
    for other in ({"notes": "other"}, {"version": 7}):
        refused = await api.put(path, json=sent | other, headers=keyed)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert (await api.get(path, headers=admin)).json() == present
