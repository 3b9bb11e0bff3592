"""Absent and null are told apart in every body, and texts reach those alone who may read them."""

from functools import cache

import pytest
from pydantic import BaseModel, ValidationError

from api import app
from api.http.body import Body
from api.http.wording import explained
from domain.booking import LIVE, Status
from tests.support import AMARA, ANA, begin_visit, monday, rewrite

RESERVE, BOOK = "/api/availability/reserve", "/api/appointments"
SECRET = "only for staff"
PLACES = {"appointment_date": "starts_at"}
"""Fields of another name."""


@cache
def bodies() -> list[type[Body]]:
    assert app  # which imports every route and its bodies
    found = [Body]
    for each in found:
        found += each.__subclasses__()
    return sorted({b for b in found if b.__module__.startswith("api.")}, key=lambda b: b.__name__)


def refuses_null(body: type[BaseModel], name: str) -> bool:
    try:
        body.model_validate({name: None})
    except ValidationError as error:
        named = {explained(e | {"loc": ("body", *e["loc"])})["field"] for e in error.errors()}
        return name in named or any(e["type"] == "missing" for e in error.errors())
    return False


@pytest.mark.parametrize("body", bodies(), ids=lambda body: body.__name__)
def test_null_is_refused_where_it_empties_no_text(body):
    for name in body.model_fields:
        if name not in body.CAN_BE_EMPTY:
            assert refuses_null(body, name), name


@pytest.mark.parametrize("body", bodies(), ids=lambda body: body.__name__)
def test_the_document_says_where_null_is_taken(body):
    for name, field in body.model_json_schema()["properties"].items():
        nullable = {"type": "null"} in field.get("anyOf", ())
        assert nullable == (name in body.CAN_BE_EMPTY), name


def wanted(starts_at, **more):
    asked = {"dentist_id": str(AMARA), "appointment_type": "checkup"}
    return asked | {"starts_at": starts_at.isoformat(), "patient_id": str(ANA)} | more


@pytest.fixture
async def booked(api, as_):
    asked = wanted(monday(9), notes="first visit")
    return (await api.post(BOOK, json=asked, headers=as_("patient", "ana"))).json()


@pytest.mark.parametrize(
    "field", ["starts_at", "appointment_date", "dentist_id", "appointment_type"]
)
@pytest.mark.parametrize("more", [{}, {"notes": "new"}])
async def test_null_for_a_place_is_refused_and_keeps_the_notes(api, as_, booked, field, more):
    ana = as_("patient", "ana")
    refused = await api.put(f"{BOOK}/{booked['id']}", json={field: None} | more, headers=ana)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    [fault] = refused.json()["errors"]
    told = {"code": "null", "message": "cannot be null; leave it out"}
    assert fault == told | {"field": PLACES.get(field, field)}
    assert (await api.get(f"{BOOK}/{booked['id']}", headers=ana)).json() == booked


@pytest.mark.parametrize("path", [RESERVE, BOOK])
@pytest.mark.parametrize("field", list(wanted(monday(9))))
async def test_null_field_of_a_booking_is_refused(api, as_, path, field):
    asked = wanted(monday(9)) | {field: None}
    refused = await api.post(path, json=asked, headers=as_("patient", "ana"))
    assert refused.status_code == 422


@pytest.mark.parametrize("moved", [{}, {"starts_at": monday(14).isoformat()}])
@pytest.mark.parametrize("name", ["notes", "staff_notes"])
async def test_empty_and_null_delete_a_text_and_absent_keeps_it(api, as_, booked, moved, name):
    admin, path = as_("admin"), f"{BOOK}/{booked['id']}"
    for empty in ("", None):
        await api.put(path, json={name: SECRET}, headers=admin)
        kept = await api.put(path, json={"starts_at": monday(15).isoformat()}, headers=admin)
        assert kept.json()[name] == SECRET
        emptied = await api.put(path, json={name: empty} | moved, headers=admin)
        assert (emptied.status_code, emptied.json().get(name)) == (200, None)
        assert name not in (await api.get(path, headers=admin)).json()


@pytest.mark.parametrize("name", ["email", "phone", "time_zone", "locale"])
async def test_empty_and_null_delete_optional_profile_fields(api, as_, name):
    values = {"email": "a@b.org", "phone": "+49 30 1", "time_zone": "Europe/Berlin", "locale": "de"}
    for path, headers in (
        ("/api/profiles/me", as_("patient", "ana")),
        (f"/api/profiles/{ANA}", as_("admin")),
    ):
        for empty in ("", None):
            await api.put(path, json={name: values[name]}, headers=headers)
            emptied = await api.put(path, json={name: empty}, headers=headers)
            assert (emptied.status_code, name in emptied.json()) == (200, False)
    made = {"full_name": "Emil", name: ""}
    created = await api.post("/api/profiles", json=made, headers=as_("admin"))
    assert (created.status_code, name in created.json()) == (201, False)
    nameless = await api.put("/api/profiles/me", json={"full_name": ""}, headers=as_("admin"))
    assert nameless.status_code == 422


@pytest.mark.parametrize("by", ["confirm", "create"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "held"), ({"notes": "new"}, "new"), ({"notes": ""}, None), ({"notes": None}, None)],
)
async def test_notes_may_be_given_with_the_confirmation(api, as_, by, given, expected):
    ana = as_("patient", "ana")
    held = await api.post(RESERVE, json=wanted(monday(9), notes="held"), headers=ana)
    id = held.json()["id"]
    if by == "confirm":
        confirmed = await api.post(f"{BOOK}/{id}/confirm", json=given, headers=ana)
    else:
        confirmed = await api.post(BOOK, json={"reservation_id": id} | given, headers=ana)
    assert confirmed.is_success
    assert (confirmed.json()["status"], confirmed.json().get("notes")) == ("booked", expected)


@pytest.mark.parametrize("by", ["confirm", "create"])
async def test_second_confirmation_with_other_notes_is_refused(api, as_, booked, by):
    ana, path = as_("patient", "ana"), f"{BOOK}/{booked['id']}"

    async def confirm(body):
        if by == "confirm":
            return await api.post(f"{path}/confirm", json=body, headers=ana)
        return await api.post(BOOK, json={"reservation_id": booked["id"]} | body, headers=ana)

    for same in ({}, {"notes": "first visit"}):
        assert (await confirm(same)).status_code == 200
    for other in ("other", "", None):
        refused = await confirm({"notes": other})
        assert (refused.status_code, refused.json()["code"]) == (409, "invalid_transition")
        assert "edit" in refused.json()["allowed"]
    assert (await api.get(path, headers=ana)).json() == booked


@pytest.mark.parametrize("status", Status)
async def test_notes_change_until_the_visit_is_over(api, as_, pool, booked, status):
    await rewrite(
        pool,
        """
        update appointments
           set status = $1, hold_expires_at = clock_timestamp() + interval '1 hour',
               approval_expires_at = clock_timestamp() + interval '1 hour'
        """,
        status,
    )
    changed = await api.put(
        f"{BOOK}/{booked['id']}", json={"notes": "x-ray"}, headers=as_("patient", "ana")
    )
    if status in LIVE:
        assert (changed.status_code, changed.json()["notes"]) == (200, "x-ray")
    else:
        assert changed.status_code in (409, 410)


async def test_unchanged_notes_make_no_new_version(api, as_, booked):
    ana, path = as_("patient", "ana"), f"{BOOK}/{booked['id']}"
    same = await api.put(path, json={"notes": booked["notes"]}, headers=ana)
    assert same.json() == booked


async def test_staff_notes_are_seen_by_staff_only(api, as_, pool):
    agent, admin = as_("agent", "chatbot"), as_("admin")
    made = (await api.post("/api/profiles", json={"full_name": "P"}, headers=agent)).json()
    asked = wanted(monday(9), patient_id=made["id"])
    id = (await api.post(BOOK, json=asked, headers=agent)).json()["id"]
    await api.put(f"{BOOK}/{id}", json={"staff_notes": SECRET, "notes": "plain"}, headers=admin)
    await api.post(f"{BOOK}/{id}/cancel", json={"note": SECRET}, headers=admin)

    async def read(headers) -> list[str]:
        paths = (f"{BOOK}/{id}", BOOK, f"{BOOK}/{id}/history")
        return [(await api.get(path, headers=headers)).text for path in paths]

    for role, name in (("admin", None), ("dentist", "amara")):
        one, page, _ = await read(as_(role, name))
        assert one.count(SECRET) == page.count(SECRET) == 2
    for role, name in (("agent", "chatbot"), ("patient", "ana")):
        one, page, history = await read(as_(role, name))
        assert id in one
        assert SECRET not in one + page + history
        await rewrite(pool, "update appointments set patient_id = $1", ANA)
    events = await pool.fetch(
        """
        select payload::text as told from outbox
         union all
        select payload::text from realtime_events
        """
    )
    assert events
    assert not any(SECRET in event["told"] for event in events)


@pytest.mark.parametrize(("role", "name"), [("patient", "ana"), ("agent", "chatbot")])
async def test_only_staff_write_staff_notes(api, as_, booked, role, name):
    asked = {"staff_notes": SECRET}
    for path, method in ((f"{BOOK}/{booked['id']}", "PUT"), (RESERVE, "POST"), (BOOK, "POST")):
        body = asked if method == "PUT" else wanted(monday(14)) | asked
        refused = await api.request(method, path, json=body, headers=as_(role, name))
        assert refused.status_code in (403, 422)


async def test_erasing_a_patient_blanks_what_staff_wrote_about_them(api, as_, pool, booked):
    admin = as_("admin")
    await api.put(
        f"{BOOK}/{booked['id']}", json={"staff_notes": SECRET, "notes": ""}, headers=admin
    )
    await api.post(f"/api/profiles/{ANA}/erase", headers=admin)
    assert await pool.fetchval("select staff_notes from appointments") is None


async def test_notes_stay_when_a_visit_starts(api, as_, pool, booked):
    await begin_visit(pool, booked["id"])
    path, amara = f"{BOOK}/{booked['id']}", as_("dentist", "amara")
    for action in ("check-in", "start"):
        await api.post(f"{path}/{action}", headers=amara)
        for text in (action, ""):
            asked = {"staff_notes": text}
            assert (await api.put(path, json=asked, headers=amara)).status_code == 200
    done = await api.post(f"{path}/complete", headers=amara)
    assert done.json()["notes"] == "first visit"
