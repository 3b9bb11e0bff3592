"""The calendar file of an appointment: what calendars need, and nothing personal beyond that."""

from datetime import datetime
from uuid import UUID

import pytest
from icalendar import Calendar

from domain.booking import Status
from tests.support import AMARA, ANA, monday, rewrite

STATUS = """
    update appointments set status = $2, hold_expires_at = now(), approval_expires_at = now()
     where id = $1
"""


@pytest.fixture
async def booking(api, as_) -> dict[str, str]:
    body = {
        "dentist_id": str(AMARA),
        "starts_at": monday(9).isoformat(),
        "appointment_type": "filling",
        "notes": "Afraid of needles.",
    }
    answer = await api.post("/api/appointments", json=body, headers=as_("patient", "ana"))
    return answer.json()


async def entry(api, headers, id: str):
    answer = await api.get(f"/api/appointments/{id}/calendar.ics", headers=headers)
    assert answer.status_code == 200, answer.text
    return Calendar.from_ical(answer.content)


async def test_a_calendar_gets_time_zone_status_and_a_sequence_that_rises(api, as_, booking):
    ana = as_("patient", "ana")
    first = await entry(api, ana, booking["id"])
    [event], [zone] = first.events, first.timezones
    assert (event.uid, event.sequence) == (f"{booking['id']}@chairtime", booking["version"])
    assert event.start == datetime.fromisoformat(booking["starts_at"])
    assert event.end == datetime.fromisoformat(booking["ends_at"])
    assert str(event["DTSTART"].params["TZID"]) == zone.tz_name == "Europe/Berlin"
    assert event.start.hour == 9

    body = {"starts_at": monday(14).isoformat()}
    await api.put(f"/api/appointments/{booking['id']}", json=body, headers=ana)
    [moved] = (await entry(api, ana, booking["id"])).events
    assert moved.uid == event.uid
    assert moved.sequence > event.sequence
    assert moved.start == monday(14)


@pytest.mark.parametrize("status", Status)
async def test_each_status_is_one_that_calendars_know(api, pool, as_, booking, status):
    await rewrite(pool, STATUS, UUID(booking["id"]), str(status))
    [event] = (await entry(api, as_("patient", "ana"), booking["id"])).events
    expected = {
        Status.HELD: "TENTATIVE",
        Status.PENDING_APPROVAL: "TENTATIVE",
        Status.RELEASED: "CANCELLED",
        Status.EXPIRED: "CANCELLED",
        Status.DECLINED: "CANCELLED",
        Status.CANCELLED: "CANCELLED",
    }
    assert event.status == expected.get(status, "CONFIRMED")


async def test_it_names_neither_patient_nor_treatment_nor_notes(api, as_, booking):
    for caller in (as_("patient", "ana"), as_("dentist", "amara"), as_("admin")):
        path = f"/api/appointments/{booking['id']}/calendar.ics"
        text = (await api.get(path, headers=caller)).text
        for personal in ("Ana", "Torres", str(ANA), "illing", "needles"):
            assert personal not in text
        assert "Dr. Amara Okafor" in text


async def test_names_with_line_breaks_and_commas_add_no_lines(api, pool, as_, booking):
    evil = "Praxis; A, B\\nATTENDEE:mailto:x@example.org"
    await pool.execute("update clinics set name = $1", evil)
    [event] = (await entry(api, as_("patient", "ana"), booking["id"])).events
    assert "ATTENDEE" not in event
    assert event["LOCATION"] == evil


async def test_only_who_may_see_it_gets_it_with_type_and_etag(api, as_, booking):
    path = f"/api/appointments/{booking['id']}/calendar.ics"
    assert (await api.get(path, headers=as_("patient", "ben"))).status_code == 404
    assert (await api.get(path)).status_code == 401
    answer = await api.get(path, headers=as_("patient", "ana"))
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["etag"] == f'"{booking["version"]}"'
    assert "attachment" in answer.headers["content-disposition"]
