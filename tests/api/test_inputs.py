"""What callers write in times, zones, cursors, reasons and terms: read as meant, or refused with
words that help.
"""

import base64
from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest

from db.demo import CLINIC
from domain.booking import CancelReason
from tests.api.test_conditions import DOCUMENT, booked
from tests.api.test_strict import OPERATIONS, faults
from tests.support import AMARA, monday

WITH_CURSOR = [each for each in OPERATIONS if "cursor" in each.parameters]
TIMES = [
    (operation, name)
    for operation in OPERATIONS
    for name, schema in operation.parameters.items()
    if schema.get("format") == "date-time"
]
NO_ZONES = (
    *("right/Europe/Berlin", "posix/Europe/Berlin", "localtime", "Factory", "posixrules", ""),
    *("europe/berlin", "Europe/", "Europe", "../Europe/Berlin", "/etc/localtime", "GMT+1:00"),
    *("zone.tab", "Europe/Berlin\n", " UTC", "UTC+01:00", "leapseconds", "Europe//Berlin"),
)


def query_of(operation) -> dict[str, str]:
    """What the parameters that are required may be."""
    needed = {"appointment_type": "checkup", "starts_at": monday(9).isoformat()}
    return {name: value for name, value in needed.items() if name in operation.parameters}


def forged(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()


def test_each_list_with_a_cursor_is_tried():
    assert {each.path for each in WITH_CURSOR} == {
        "/api/appointments",
        "/api/availability/slots",
        "/api/profiles",
        "/api/webhooks",
        "/api/webhooks/{id}/deliveries",
        "/api/events",
        "/api/appointments/{id}/events",
    }


FORGED = (
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00",
    "1999-12-31T23:59:59+00:00",
    "2027-01-01T09:00:00 01:00",
    "2027-01-01",
    "1e300",
    "NaN",
    "",
    "|",
    "\x00",
    "\ud800",
    "a" * 800,
)


@pytest.mark.parametrize(
    "operation", [each for each in WITH_CURSOR if not each.path.endswith("events")], ids=str
)
async def test_a_forged_cursor_is_refused(api, as_, operation):
    """Of a list by name, any text can be a name: it is answered with what comes after it."""
    for text, end in product(FORGED, (f"|{uuid4()}", "", "|7")):
        cursor = forged(text + end)
        query = query_of(operation) | {"cursor": cursor}
        answer = await api.get(operation.url, params=query, headers=as_("admin"))
        if answer.status_code != 200 and (cursor or "{id}" not in operation.path):
            assert "cursor" in faults(answer), text
        elif cursor:
            assert operation.path == "/api/profiles", text


@pytest.mark.parametrize(
    "cursor", ["x", ":", "a:1:2", "0:99999999999999999999", "a:-1", "a:\u0661"]
)
async def test_invalid_event_cursor_is_no_server_error(api, as_, cursor):
    answer = await api.get("/api/events/log", params={"after": cursor}, headers=as_("admin"))
    assert answer.status_code in (200, 503)


async def test_a_plus_that_was_not_encoded_is_named(api, as_):
    times = ("2027-03-08T09:00:00+01:00", "2027-03-08T09:00+0100", "2027-03-08T09:00:00.5+01")
    for (operation, name), given in product(TIMES, times):
        query = query_of(operation)
        query.pop(name, None)
        written = "&".join([*(f"{k}={v}" for k, v in query.items()), f"{name}={given}"])
        written = written.replace("+00:00", "Z")
        answer = await api.get(f"{operation.url}?{written}", headers=as_("admin"))
        assert "encode + as %2B" in faults(answer, operation)[name]


@pytest.mark.parametrize("zone", NO_ZONES)
async def test_invalid_time_zone_is_refused_everywhere(api, as_, zone):
    admin = as_("admin")
    for path in ("/api/profiles/me", f"/api/clinics/{CLINIC}"):
        if not zone and path.startswith("/api/profiles"):
            continue  # empties it
        answer = await api.put(path, json={"time_zone": zone}, headers=admin)
        assert "not an IANA time zone" in faults(answer)["time_zone"], path
    clinic = {"name": "C", "time_zone": zone}
    assert "time_zone" in faults(await api.post("/api/clinics", json=clinic, headers=admin))
    person = {"full_name": "P", "time_zone": zone}
    if zone:
        assert "time_zone" in faults(await api.post("/api/profiles", json=person, headers=admin))
    for operation in OPERATIONS:
        if "tz" in operation.parameters:
            query = query_of(operation) | {"tz": zone}
            path = operation.path.replace("{dentist_id}", str(AMARA))
            answer = await api.get(path, params=query, headers=admin)
            assert "not an IANA time zone" in faults(answer)["tz"], path


async def test_a_cancellation_needs_no_body(api, as_):
    admin = as_("admin")
    bodies = ({}, {"json": {}}, {"json": None}, {"json": {"note": "flu"}}, {"content": b""})
    for hour, body in zip((9, 10, 11, 14, 15), bodies, strict=True):
        path = f"/api/appointments/{await booked(api, admin, hour)}/cancel"
        answer = await api.post(path, headers=admin, **body)
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled"), body


async def test_reasons_to_cancel_are_a_closed_list(api, as_, pool):
    admin = as_("admin")
    schema = DOCUMENT["components"]["schemas"]["CancelReason"]
    named = "patient_request, ill, clinic_request, dentist_absent, unconfirmed, duplicate, other"
    assert schema["enum"] == list(CancelReason) == named.split(", ")
    id = await booked(api, admin)
    for reason in ("moved", "ILL", "", "ill ", "Because I say so", 7, True, ["ill"]):
        answer = await api.post(
            f"/api/appointments/{id}/cancel", json={"reason": reason}, headers=admin
        )
        assert "reason" in faults(answer)
        if isinstance(reason, str):
            params = {"reason": reason}
            answer = await api.delete(f"/api/appointments/{id}", params=params, headers=admin)
            assert "reason" in faults(answer)
    for n, reason in enumerate(CancelReason):
        id = await booked(api, admin, 9) if n else id
        told = {"reason": reason}
        if n % 2:
            answer = await api.post(f"/api/appointments/{id}/cancel", json=told, headers=admin)
        else:
            answer = await api.delete(f"/api/appointments/{id}", params=told, headers=admin)
        assert answer.json()["cancel_reason"] == reason


async def test_a_type_that_could_never_be_booked_is_refused(api, as_):
    admin = as_("admin")
    new = {"clinic_id": str(CLINIC), "slug": "far", "name": "Far", "duration_minutes": 30}
    day = timedelta(days=1) // timedelta(minutes=1)
    for lead, horizon, taken in ((day + 1, 1, False), (day, 1, True), (91 * day, None, False)):
        body = new | {"lead_time_minutes": lead} | ({"horizon_days": horizon} if horizon else {})
        answer = await api.post("/api/appointment-types", json=body, headers=admin)
        assert (answer.status_code == 201) is taken
        assert taken or "exceeds horizon_days" in answer.json()["detail"]
    types = (await api.get("/api/appointment-types", headers=admin)).json()
    [made] = [each for each in types if each["slug"] == "far"]
    path = f"/api/appointment-types/{made['id']}"
    too_long = {"lead_time_minutes": day + 1}
    assert "lead_time_minutes" in faults(await api.put(path, json=too_long, headers=admin))
    both = too_long | {"horizon_days": 2}
    assert (await api.put(path, json=both, headers=admin)).status_code == 200
    short = {"horizon_days": 1}
    assert "horizon_days" in faults(await api.put(path, json=short, headers=admin))
