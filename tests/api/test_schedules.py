"""A schedule can be read, replaced as a whole, and tried out before; what it says is offered."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from db.demo import CLINIC
from services import conflicts
from tests.api.test_strict import OPERATIONS
from tests.support import AMARA, ANA, LENA, MATEO, monday

PATH = f"/api/availability/{AMARA}"
CLINIC_PATH = f"/api/clinics/{CLINIC}/exceptions"
MONDAYS = {"weekday": 0, "starts": "08:00", "ends": "12:00"}


def day(weeks: int = 1) -> str:
    return monday(12, weeks=weeks).date().isoformat()


def closed(on_date: str, **times: str) -> dict[str, str]:
    return {"on_date": on_date, "kind": "closed"} | times


def hours(on_date: str, starts: str, ends: str) -> dict[str, str]:
    return {"on_date": on_date, "kind": "hours", "starts": starts, "ends": ends}


async def put(api, headers, weekly, exceptions=(), path=PATH, **query):
    body = {"weekly": list(weekly), "exceptions": list(exceptions)}
    return await api.put(path, json=body, params=query, headers=headers)


async def starts(api, headers, on: str, dentist=AMARA, kind="consultation") -> list[str]:
    """The free starts of a day, as the clinic's clock shows them."""
    query = {"appointment_type": kind, "date": on}
    slots = await api.get(f"/api/availability/{dentist}/slots", params=query, headers=headers)
    return [slot["starts_at"][11:16] for slot in slots.json()]


async def book(api, headers, starts_at: datetime, **fields) -> dict:
    body = {
        "dentist_id": str(AMARA),
        "starts_at": starts_at.isoformat(),
        "appointment_type": "consultation",
        "patient_id": str(ANA),
    }
    answer = await api.post("/api/appointments", json=body | fields, headers=headers)
    assert answer.status_code == 201, answer.json()
    return answer.json()


async def test_a_schedule_is_read_with_its_zone_grid_and_version(api, as_):
    answer = await api.get(PATH, headers=as_("patient", "ana"))
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["ETag"] == f'"{body["version"]}"'
    assert (body["time_zone"], body["slot_grid_minutes"]) == ("Europe/Berlin", 15)
    assert body["weekly"][0] == MONDAYS
    assert len(body["weekly"]) == 11
    assert body["exceptions"] == []
    assert (await api.get(f"/api/availability/{uuid4()}", headers=as_("admin"))).status_code == 404


async def test_schedule_read_can_be_sent_back(api, as_):
    admin = as_("admin")
    weekly = [
        MONDAYS,
        {"weekday": 4, "starts": "22:00", "ends": "02:00", "valid_from": "2027-01-01"},
        {"weekday": 6, "starts": "00:00", "ends": "00:00", "valid_to": "2027-12-31"},
    ]
    exceptions = [
        closed("2027-01-11", reason="Training"),
        {"on_date": "2027-01-12", "kind": "open", "starts": "18:00", "ends": "00:00"},
    ]
    replaced = (await put(api, admin, weekly, exceptions)).json()
    read = (await api.get(PATH, headers=admin)).json()
    assert replaced["schedule"] == read
    assert (read["weekly"], read["exceptions"]) == (weekly, exceptions)
    again = await put(api, admin, read["weekly"], read["exceptions"])
    assert again.json()["schedule"]["weekly"] == weekly


async def test_schedule_change_applies_to_slots_at_once(api, as_):
    own, ana = as_("dentist", "amara"), as_("patient", "ana")
    extra = {"on_date": day(2), "kind": "open", "starts": "13:00", "ends": "13:45"}
    gap = closed(day(), starts="08:30", ends="11:30")
    assert (await put(api, own, [MONDAYS], [gap, extra])).status_code == 200
    assert await starts(api, ana, day()) == ["08:00", "11:30"]
    assert (await starts(api, ana, day(2)))[-3:] == ["11:30", "13:00", "13:15"]
    tuesday = (date.fromisoformat(day()) + timedelta(days=1)).isoformat()
    assert await starts(api, ana, tuesday) == []


async def test_hours_on_a_date_replace_the_weekly_ones(api, as_):
    own, ana = as_("dentist", "amara"), as_("patient", "ana")
    dates = [hours(day(), "13:00", "14:00"), hours(day(), "15:00", "15:30")]
    saved = await put(api, own, [MONDAYS], dates)
    assert saved.json()["schedule"]["exceptions"] == dates
    assert await starts(api, ana, day()) == ["13:00", "13:15", "13:30", "15:00"]
    assert (await starts(api, ana, day(2)))[0] == "08:00"


@pytest.mark.parametrize("kind", ["open", "hours"])
async def test_a_holiday_of_the_clinic_is_opened_for_one_dentist_on_duty(api, as_, kind):
    admin, ana = as_("admin"), as_("patient", "ana")
    await api.put(CLINIC_PATH, json={"exceptions": [closed(day())]}, headers=admin)
    duty = hours(day(), "10:00", "11:00") | {"kind": kind}
    await put(api, as_("dentist", "amara"), [MONDAYS], [duty])
    assert await starts(api, ana, day()) == ["10:00", "10:15", "10:30"]
    assert await starts(api, ana, day(), LENA) == []
    await put(api, admin, [MONDAYS], [duty, closed(day(), starts="10:30", ends="11:00")])
    assert await starts(api, ana, day()) == ["10:00"]


async def test_the_hours_of_the_clinic_on_a_date_give_way_to_a_dentists_own(api, as_):
    admin, ana = as_("admin"), as_("patient", "ana")
    short = {"exceptions": [hours(day(), "09:00", "10:00")]}
    assert (await api.put(CLINIC_PATH, json=short, headers=admin)).status_code == 200
    assert await starts(api, ana, day()) == ["09:00", "09:15", "09:30"]
    await put(api, admin, [MONDAYS], [hours(day(), "16:00", "16:30")])
    assert await starts(api, ana, day()) == ["16:00"]
    assert await starts(api, ana, day(), LENA) == ["09:00", "09:15", "09:30"]


async def test_a_replacement_names_the_bookings_that_it_leaves_outside(api, as_, pool):
    admin = as_("admin")
    kept = await book(api, admin, monday(9))
    late = await book(api, admin, monday(14))
    other = await book(api, admin, monday(15), dentist_id=str(LENA))
    trial = (await put(api, admin, [MONDAYS], dry_run="true")).json()
    assert [lost["id"] for lost in trial["conflicts"]] == [late["id"]]
    assert trial["conflicts"][0]["status"] == "booked"
    assert trial["dry_run"] is True
    assert len((await api.get(PATH, headers=admin)).json()["weekly"]) == 11
    done = (await put(api, admin, [MONDAYS])).json()
    assert [lost["id"] for lost in done["conflicts"]] == [late["id"]]
    for booking in (kept, late, other):
        now = await api.get(f"/api/appointments/{booking['id']}", headers=admin)
        assert now.json()["status"] == "booked"


async def test_a_trial_says_what_the_replacement_would_be_and_leaves_no_trace(api, as_, pool):
    admin = as_("admin")
    before = await api.get(PATH, headers=admin)
    trial = await put(api, admin, [MONDAYS], dry_run="true")
    assert trial.json()["schedule"]["weekly"] == [MONDAYS]
    assert trial.headers["ETag"] == before.headers["ETag"]
    assert (await api.get(PATH, headers=admin)).json() == before.json()
    assert await told(pool) == []


async def test_concurrent_edit_of_a_schedule_is_412(api, as_):
    admin = as_("admin")
    tag = (await api.get(PATH, headers=admin)).headers["ETag"]
    first = await put(api, admin | {"If-Match": tag}, [MONDAYS])
    second = await put(api, admin | {"If-Match": tag}, [])
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["code"] == "version_conflict"
    assert first.headers["ETag"] != tag
    assert (await api.get(PATH, headers=admin)).json()["weekly"] == [MONDAYS]


async def test_dentists_edit_their_own_schedule_admins_all_and_nobody_else_any(api, as_):
    for role, name in (("patient", "ana"), ("agent", "chatbot"), ("dentist", "lena")):
        answer = await put(api, as_(role, name), [MONDAYS])
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        missing = await put(api, as_(role, name), [MONDAYS], path=f"/api/availability/{uuid4()}")
        assert missing.status_code == 403
    for headers in (as_("dentist", "amara"), as_("admin")):
        assert (await put(api, headers, [MONDAYS])).status_code == 200
    body = {"exceptions": []}
    for role, status in (("patient", 403), ("dentist", 403), ("agent", 403), ("admin", 200)):
        answer = await api.put(CLINIC_PATH, json=body, headers=as_(role))
        assert answer.status_code == status


async def test_why_a_dentist_is_away_is_for_staff_only(api, as_):
    own = closed(day(), reason="Surgery")
    await put(api, as_("dentist", "amara"), [MONDAYS], [own])
    holiday = {"exceptions": [closed(day(2), reason="Holiday")]}
    await api.put(CLINIC_PATH, json=holiday, headers=as_("admin"))
    query = {"appointment_type": "consultation", "starts_at": monday(9).isoformat()}
    for role, told in (("patient", False), ("agent", False), ("dentist", True), ("admin", True)):
        read = (await api.get(PATH, headers=as_(role))).json()
        why = await api.get(f"{PATH}/explain", params=query, headers=as_(role))
        assert ("Surgery" in str(read), "Surgery" in why.text) == (told, told)
        assert read["clinic_exceptions"][0]["reason"] == "Holiday"


@pytest.mark.parametrize(
    ("weekly", "exceptions", "field"),
    [
        ([MONDAYS, MONDAYS], [], "weekly.1"),
        ([MONDAYS, MONDAYS | {"starts": "11:59", "ends": "14:00"}], [], "weekly.1"),
        ([MONDAYS | {"ends": "08:00"}], [], "weekly.0.ends"),
        (
            [{"weekday": 6, "starts": "22:00", "ends": "08:01"}, MONDAYS],
            [],
            "weekly.1",
        ),
        (
            [MONDAYS | {"valid_from": "2027-02-01", "valid_to": "2027-01-01"}],
            [],
            "weekly.0.valid_to",
        ),
        ([MONDAYS | {"weekday": 7}], [], "weekly.0.weekday"),
        ([MONDAYS | {"starts": "8:00"}], [], "weekly.0.starts"),
        ([MONDAYS | {"starts": "24:00"}], [], "weekly.0.starts"),
        ([MONDAYS | {"starts": "08:00:30"}], [], "weekly.0.starts"),
        ([MONDAYS | {"starts": "08:00Z"}], [], "weekly.0.starts"),
        ([MONDAYS | {"starts": "\u0660\u0668:\u0660\u0660"}], [], "weekly.0.starts"),
        ([MONDAYS | {"colour": "red"}], [], "weekly.0.colour"),
        ([MONDAYS] * 101, [], "weekly"),
        ([], [closed("2027-01-01", starts="17:00", ends="09:00")], "exceptions.0.ends"),
        ([], [closed("2027-01-01", starts="09:00", ends="09:00")], "exceptions.0.ends"),
        ([], [closed("2027-01-01"), closed("2027-01-01")], "exceptions.1"),
        ([], [closed("2027-01-01"), closed("2027-01-01", starts="09:00")], "exceptions.1"),
        ([], [closed("2027-02-30")], "exceptions.0.on_date"),
        ([], [closed("1999-12-31")], "exceptions.0.on_date"),
        ([], [{"on_date": "2027-01-01", "kind": "half"}], "exceptions.0.kind"),
        ([], [{"on_date": "2027-01-01", "kind": "hours"}], "exceptions.0.starts"),
        ([], [hours("2027-01-01", "09:00", "12:00") | {"ends": None}], "exceptions.0.ends"),
        ([], [hours("2027-01-01", "12:00", "09:00")], "exceptions.0.ends"),
        ([], [hours("2027-01-01", "09:00", "12:00")] * 2, "exceptions.1"),
        ([], [closed("2027-01-01", reason="a\x00b")], "exceptions.0.reason"),
        ([], [closed("2027-01-01", reason="x" * 201)], "exceptions.0.reason"),
        ([], [closed("2027-01-01")] * 401, "exceptions"),
    ],
)
async def test_a_faulty_schedule_is_refused_by_field_and_changes_nothing(
    api, as_, weekly, exceptions, field
):
    admin = as_("admin")
    before = (await api.get(PATH, headers=admin)).json()
    answer = await put(api, admin, weekly, exceptions)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "validation_failed")
    assert field in [error["field"] for error in problem["errors"]]
    assert (await api.get(PATH, headers=admin)).json() == before


@pytest.mark.parametrize(
    ("weekly", "exceptions"),
    [
        ([MONDAYS, MONDAYS | {"starts": "12:00", "ends": "14:00"}], []),
        ([{"weekday": 6, "starts": "22:00", "ends": "08:00"}, MONDAYS], []),
        (
            [
                MONDAYS | {"valid_to": "2027-01-03"},
                MONDAYS | {"starts": "09:00", "valid_from": "2027-01-04"},
            ],
            [],
        ),
        # the one Monday that both are valid for does not exist
        (
            [
                MONDAYS | {"valid_to": "2027-01-08"},
                MONDAYS | {"starts": "09:00", "valid_from": "2027-01-05"},
            ],
            [],
        ),
        ([], [closed("2027-01-01"), {"on_date": "2027-01-01", "kind": "open"}]),
        ([], [closed("2027-01-01", ends="09:00"), closed("2027-01-01", starts="09:00")]),
        ([], []),
    ],
)
async def test_unusual_but_valid_schedule_is_accepted(api, as_, weekly, exceptions):
    assert (await put(api, as_("admin"), weekly, exceptions)).status_code == 200


async def test_of_many_bookings_outside_the_first_are_named_and_all_are_counted(
    api, as_, monkeypatch
):
    admin = as_("admin")
    monkeypatch.setattr(conflicts, "MOST_CONFLICTS", 2)
    times = [monday(14), monday(15), monday(16)]
    booked = [await book(api, admin, time) for time in reversed(times)]
    holiday = {"exceptions": [closed(day())]}
    for path, body in ((PATH, {"weekly": [MONDAYS], "exceptions": []}), (CLINIC_PATH, holiday)):
        trial = await api.put(path, json=body, params={"dry_run": "true"}, headers=admin)
        told = trial.json()
        assert told["conflicts_total"] == 3
        assert [lost["id"] for lost in told["conflicts"]] == [booked[2]["id"], booked[1]["id"]]


async def test_a_holiday_closes_the_whole_clinic_and_names_whom_it_leaves_outside(api, as_):
    admin = as_("admin")
    booked = await book(api, admin, monday(9), dentist_id=str(MATEO))
    await book(api, admin, monday(9, weeks=2))
    body = {"exceptions": [closed(day(), reason="Holiday")]}
    trial = await api.put(CLINIC_PATH, json=body, params={"dry_run": "true"}, headers=admin)
    assert [lost["id"] for lost in trial.json()["conflicts"]] == [booked["id"]]
    assert await starts(api, admin, day()) != []
    done = await api.put(CLINIC_PATH, json=body, headers=admin)
    assert [lost["id"] for lost in done.json()["conflicts"]] == [booked["id"]]
    for dentist in (AMARA, LENA, MATEO):
        assert await starts(api, admin, day(), dentist) == []
    read = await api.get(CLINIC_PATH, headers=as_("patient"))
    assert read.json()["exceptions"] == body["exceptions"]
    assert read.headers["ETag"] == done.headers["ETag"]
    stale = await api.put(CLINIC_PATH, json=body, headers=admin | {"If-Match": '"1"'})
    assert stale.status_code == 412
    missing = await api.get(f"/api/clinics/{uuid4()}/exceptions", headers=admin)
    assert missing.status_code == 404


async def test_each_change_is_told_once_per_dentist_and_says_nothing_of_why(api, as_, pool):
    admin = as_("admin")
    version = (await api.get(PATH, headers=admin)).json()["version"]
    await put(api, admin, [MONDAYS], [closed(day(), reason="Surgery")])
    [event] = await told(pool)
    assert (event["topic"], event["entity_id"], event["version"], event["audience"]) == (
        "availability",
        AMARA,
        version + 1,
        None,
    )
    assert event["payload"] == {"dentist_id": str(AMARA), "from": None, "until": None}
    await api.put(CLINIC_PATH, json={"exceptions": [closed(day())]}, headers=admin)
    later = [row["entity_id"] for row in await told(pool)]
    assert sorted(later) == sorted([AMARA, AMARA, LENA, MATEO])


async def told(pool) -> list:
    """The events about schedules, sequenced or not."""
    columns = "topic, kind, entity_id, version, audience, payload"
    return await pool.fetch(
        f"select * from (select {columns} from outbox union all select {columns}"
        " from realtime_events) e where kind = 'schedule.changed'"
    )


def test_each_route_with_a_dry_run_is_tried():
    paths = {each.path for each in OPERATIONS if "dry_run" in each.parameters}
    assert paths == {
        "/api/availability/{dentist_id}",
        "/api/clinics/{clinic_id}/exceptions",
        "/api/clinics/{id}",
    }


@pytest.mark.parametrize(
    ("change", "outside"),
    [
        ({"name": "Other"}, []),
        ({"slot_grid_minutes": 5}, []),
        ({"slot_grid_minutes": 30}, [9]),
        ({"slot_grid_minutes": 60}, [9, 14]),
        ({"time_zone": "America/New_York"}, [9, 14]),
        ({"time_zone": "Europe/London"}, [9]),
        ({"time_zone": "Europe/Paris"}, []),
        ({"time_zone": "Asia/Kathmandu", "slot_grid_minutes": 60}, [14]),
    ],
)
async def test_a_trial_of_another_zone_or_grid_names_what_falls_outside_and_changes_nothing(
    api, as_, pool, change, outside
):
    admin, path = as_("admin"), f"/api/clinics/{CLINIC}"
    narrow = [MONDAYS | {"starts": "09:00"}, MONDAYS | {"starts": "13:00", "ends": "16:00"}]
    assert (await put(api, admin, narrow)).status_code == 200
    booked = {h: (await book(api, admin, monday(h, m)))["id"] for h, m in ((9, 15), (14, 30))}
    paths = path, PATH, CLINIC_PATH
    before = [(await api.get(each, headers=admin)).json() for each in paths]
    events = await pool.fetchval("select count(*) from outbox")
    trial = await api.put(path, json=change, params={"dry_run": "true"}, headers=admin)
    told = trial.json()
    assert [each["id"] for each in told["conflicts"]] == [booked[hour] for hour in outside]
    assert (told["conflicts_total"], told["dry_run"]) == (len(outside), True)
    assert told.items() >= change.items()
    assert [(await api.get(each, headers=admin)).json() for each in paths] == before
    assert await pool.fetchval("select count(*) from outbox") <= events
    stale = await api.put(
        path, json=change, params={"dry_run": "true"}, headers=admin | {"If-Match": '"9"'}
    )
    assert stale.status_code == 412
    done = (await api.put(path, json=change, headers=admin)).json()
    assert done["version"] == before[0]["version"] + 1
    now = (await api.get(path, headers=admin)).json()
    assert done == now
