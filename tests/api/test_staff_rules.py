"""Online rules bind patients and agents; staff are bound by overlaps alone."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.schedules import WALK_IN
from tests.support import AMARA, ANA, BEN, monday

RESERVE, BOOK = "/api/availability/reserve", "/api/appointments"
A_MINUTE = timedelta(minutes=1)
STAFF = (("admin", None), ("dentist", "amara"))
OTHERS = (("patient", "ben"), ("agent", "chatbot"))

TOO_SOON_AND_TOO_FAR = """
    update appointment_types set lead_time = '60 days', horizon = '61 days'
"""
ALWAYS_OPEN = """
    update weekly_hours set starts = '00:00', ends = '00:00';
    insert into weekly_hours (resource_no, weekday, starts, ends)
    select resource_no, weekday, '00:00', '00:00' from dentists, generate_series(0, 6) weekday;
    update clinics set slot_grid_minutes = 1
"""


def body(starts_at: datetime, **more: object) -> dict[str, object]:
    asked = {
        "dentist_id": str(AMARA),
        "appointment_type": "checkup",
        "starts_at": starts_at.isoformat(),
        "patient_id": str(BEN),
    }
    return asked | more


def minutes_ago(minutes: int) -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) - minutes * A_MINUTE


async def reasons(api, headers, starts_at: datetime) -> list[str]:
    """Why it is not offered to this caller."""
    asked = {"starts_at": starts_at.isoformat(), "appointment_type": "checkup"}
    answer = await api.get(f"/api/availability/{AMARA}/explain", params=asked, headers=headers)
    return [each["reason"] for each in answer.json()["reasons"]]


async def slots(api, headers, starts_at: datetime) -> list[datetime]:
    asked = {"date": str(starts_at.date()), "days": 2, "appointment_type": "checkup"}
    found = await api.get(f"/api/availability/{AMARA}/slots", params=asked, headers=headers)
    searched = await api.get(
        "/api/availability/slots",
        params=asked | {"dentist_id": str(AMARA), "limit": 20_000},
        headers=headers,
    )
    assert searched.json()["items"] == found.json()
    return [datetime.fromisoformat(slot["starts_at"]) for slot in found.json()]


@pytest.mark.parametrize("path", [RESERVE, BOOK])
@pytest.mark.parametrize("caller", STAFF + OTHERS)
async def test_lead_time_and_horizon_bind_all_but_staff(api, as_, pool, path, caller):
    await pool.execute(TOO_SOON_AND_TOO_FAR)
    headers, staff = as_(*caller), caller in STAFF
    for starts_at, reason in ((monday(9), "lead_time"), (monday(9, weeks=20), "horizon")):
        assert await reasons(api, headers, starts_at) == ([] if staff else [reason])
        assert (starts_at in await slots(api, headers, starts_at)) is staff
        answer = await api.post(path, json=body(starts_at), headers=headers)
        assert answer.status_code == (201 if staff else 409)
        assert answer.json().get("reason") == (None if staff else reason)


async def test_alternatives_for_staff_are_what_staff_may_book(api, as_, pool):
    await pool.execute(TOO_SOON_AND_TOO_FAR)
    admin = as_("admin")
    assert (await api.post(BOOK, json=body(monday(9)), headers=admin)).status_code == 201
    refused = await api.post(BOOK, json=body(monday(9), patient_id=str(ANA)), headers=admin)
    others = [a["starts_at"] for a in refused.json()["alternatives"]]
    assert len(others) == 3
    for starts_at in others:
        asked = body(datetime.fromisoformat(starts_at), patient_id=str(ANA))
        held = await api.post(RESERVE, json=asked, headers=admin)
        assert held.status_code == 201
        await api.delete(f"{RESERVE}/{held.json()['id']}", headers=admin)


@pytest.mark.parametrize("path", [RESERVE, BOOK])
@pytest.mark.parametrize("caller", STAFF + OTHERS)
async def test_staff_book_a_walk_in_and_nothing_that_began_before(api, as_, pool, path, caller):
    await pool.execute(ALWAYS_OPEN)
    headers, staff = as_(*caller), caller in STAFF
    limit = WALK_IN // A_MINUTE
    for ago, fits in ((limit + 2, False), (limit - 2, staff)):
        starts_at = minutes_ago(ago)
        assert await reasons(api, headers, starts_at) == ([] if fits else ["past"])
        assert (starts_at in await slots(api, headers, starts_at - timedelta(days=1))) is fits
        answer = await api.post(path, json=body(starts_at), headers=headers)
        assert answer.status_code == (201 if fits else 409), answer.text
        if fits and path == RESERVE:
            confirm = f"{BOOK}/{answer.json()['id']}/confirm"
            answer = await api.post(confirm, headers=headers)
        if fits:
            assert answer.json()["status"] == "booked"


@pytest.mark.parametrize("caller", STAFF)
async def test_staff_move_a_visit_whenever_they_like_but_not_into_the_past(api, as_, pool, caller):
    await pool.execute(TOO_SOON_AND_TOO_FAR)
    headers = as_(*caller)
    path = f"{BOOK}/{(await api.post(BOOK, json=body(monday(9)), headers=headers)).json()['id']}"
    for starts_at in (monday(14), monday(9, weeks=20)):
        moved = await api.put(path, json={"starts_at": starts_at.isoformat()}, headers=headers)
        assert moved.status_code == 200
    await pool.execute(ALWAYS_OPEN)
    for minutes, status in ((32, 409), (28, 200)):
        asked = {"starts_at": minutes_ago(minutes).isoformat()}
        assert (await api.put(path, json=asked, headers=headers)).status_code == status


@pytest.mark.parametrize("path", [RESERVE, BOOK, "move"])
@pytest.mark.parametrize("caller", STAFF + OTHERS)
@pytest.mark.parametrize(
    ("starts_at", "reason"),
    [
        (monday(9, 7), "off_grid"),
        (monday(20), "outside_hours"),
        (monday(9) - timedelta(days=1), "closed"),
        (monday(12, 7), "outside_hours"),
    ],
)
async def test_hours_and_grid_bind_all_but_staff_with_override(
    api, as_, path, caller, starts_at, reason
):
    headers, staff = as_(*caller), caller in STAFF
    if starts_at < datetime.now(UTC) + timedelta(hours=1):
        starts_at += timedelta(days=7)
    made = await api.post(BOOK, json=body(monday(15)), headers=headers)
    id = made.json()["id"]
    token = {"X-Hold-Token": made.json()["hold_token"]} if "hold_token" in made.json() else {}

    async def ask(**more: object):
        if path == "move":
            asked = {"starts_at": starts_at.isoformat()} | more
            return await api.put(f"{BOOK}/{id}", json=asked, headers=headers | token)
        return await api.post(path, json=body(starts_at, **more), headers=headers)

    for more in ({}, {"override": False}):
        refused = await ask(**more)
        assert (refused.status_code, refused.json()["reason"]) == (409, reason)
    answer = await ask(override=True)
    if not staff:
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        return
    assert answer.status_code == (200 if path == "move" else 201)
    trail = await api.get(f"{BOOK}/{answer.json()['id']}/history", headers=headers)
    reasons = {line["verb"]: line.get("reason") for line in trail.json()}
    assert reasons["reschedule" if path == "move" else "hold"] == "override"


@pytest.mark.parametrize("path", [RESERVE, BOOK, "move"])
async def test_an_override_never_overrides_an_overlap_or_the_past(api, as_, pool, path):
    admin = as_("admin")
    await api.post(BOOK, json=body(monday(9), patient_id=str(ANA)), headers=admin)
    id = (await api.post(BOOK, json=body(monday(15)), headers=admin)).json()["id"]
    for starts_at, code in (
        (monday(9, 7), "slot_unavailable"),
        (minutes_ago(60), "slot_not_offered"),
    ):
        asked = {"starts_at": starts_at.isoformat(), "override": True}
        if path == "move":
            refused = await api.put(f"{BOOK}/{id}", json=asked, headers=admin)
        else:
            refused = await api.post(path, json=body(starts_at, override=True), headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (409, code)


@pytest.mark.parametrize(
    "asked", [{"override": True}, {"override": True, "notes": "x"}, {"override": None}]
)
async def test_override_by_patients_is_refused(api, as_, asked):
    admin = as_("admin")
    id = (await api.post(BOOK, json=body(monday(9)), headers=admin)).json()["id"]
    assert (await api.put(f"{BOOK}/{id}", json=asked, headers=admin)).status_code == 422
    held = (await api.post(RESERVE, json=body(monday(11)), headers=admin)).json()
    confirm = {"reservation_id": held["id"], "override": True}
    assert (await api.post(BOOK, json=confirm, headers=admin)).status_code == 422


@pytest.mark.parametrize("path", [RESERVE, BOOK, "move"])
async def test_the_history_says_override_only_where_something_was_overridden(api, as_, path):
    admin = as_("admin")
    booked = await api.post(BOOK, json=body(monday(15)), headers=admin)
    for starts_at, reason in ((monday(10), None), (monday(9, 7), "override"), (monday(11), None)):
        if path == "move":
            asked = {"starts_at": starts_at.isoformat(), "override": True}
            answer = await api.put(f"{BOOK}/{booked.json()['id']}", json=asked, headers=admin)
        else:
            asked = body(starts_at, override=True, patient_id=str(ANA))
            answer = await api.post(path, json=asked, headers=admin)
        trail = await api.get(f"{BOOK}/{answer.json()['id']}/history", headers=admin)
        said = [each for each in trail.json() if each["verb"] in ("hold", "reschedule")]
        assert said[-1].get("reason") == reason
        if path != "move":
            await api.post(f"{BOOK}/{answer.json()['id']}/cancel", headers=admin)
