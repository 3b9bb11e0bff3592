"""Figures for dashboards, against those that are computed by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from db import outbox
from tests.api.practice import (
    FRIDAY,
    GRACE,
    MONDAY,
    OLIVER,
    PRACTICE,
    SATURDAY,
    SUNDAY,
    add_practice,
    add_visit,
    block,
    local,
)
from tests.support import AMARA, ANA, LENA, hold, monday, request

VIEWS = ("utilisation", "conversion", "no-shows", "lead-times", "latency")
OF_CLINICS = VIEWS[:-1]


@pytest.fixture
async def practice(pool) -> None:
    await add_practice(pool)


@pytest.fixture
def read(api, as_):
    async def read(view: str, first: str, last: str, **query: str) -> list[dict]:
        asked = {"from": first, "to": last, "clinic_id": str(PRACTICE)} | query
        asked = {name: value for name, value in asked.items() if value}
        answer = await api.get(f"/api/admin/metrics/{view}", params=asked, headers=as_("admin"))
        assert answer.status_code == 200, answer.text
        return answer.json()

    return read


def figures(rows: list[dict], *names: str) -> list[tuple]:
    return [tuple(row[name] for name in names) for row in rows]


async def test_utilisation_is_booked_time_by_offered_time_on_each_day(practice, pool, read):
    await block(pool, FRIDAY, "closed", "17:00", "18:00")
    await block(pool, SUNDAY, "open", "00:00", "04:00")
    await add_visit(pool, FRIDAY, "09:00", 60, "completed")
    await add_visit(pool, FRIDAY, "10:00", 30, "no_show")
    await add_visit(pool, FRIDAY, "11:00", 30, "cancelled")
    await add_visit(pool, FRIDAY, "13:00", 30, "booked")
    await add_visit(pool, FRIDAY, "14:00", 30, "held", booked=None)
    await add_visit(pool, FRIDAY, "15:00", 30, "pending_approval", booked=None)
    await add_visit(pool, FRIDAY, "23:30", 60, "completed")
    await add_visit(pool, SUNDAY, "01:30", 60, "booked")  # until 03:30, as an hour is skipped

    rows = await read("utilisation", FRIDAY, MONDAY)
    names = ("day", "visits", "booked_minutes", "no_show_minutes", "offered_minutes", "utilisation")
    assert figures(rows, *names) == [
        (FRIDAY, 3, 60 + 30 + 30, 30, 9 * 60 - 60, 0.25),
        (SATURDAY, 0, 30, 0, 4 * 60, 0.125),
        (SUNDAY, 1, 60, 0, 3 * 60, pytest.approx(1 / 3)),
        (MONDAY, 0, 0, 0, 9 * 60, 0),
    ]
    assert {(row["clinic_id"], row["dentist_id"]) for row in rows} == {(str(PRACTICE), str(GRACE))}


async def test_a_dentist_without_bookings_now_is_shown_on_days_with_visits(practice, pool, read):
    await add_visit(pool, SATURDAY, "09:00", 60, "completed", dentist=OLIVER)
    rows = await read("utilisation", FRIDAY, SUNDAY)
    assert figures(rows, "day", "dentist_id", "utilisation") == [
        (FRIDAY, str(GRACE), 0),
        *sorted([(SATURDAY, str(GRACE), 0), (SATURDAY, str(OLIVER), 0.25)], key=lambda row: row[1]),
        (SUNDAY, str(GRACE), None),
    ]


async def test_a_moved_visit_counts_at_its_new_time(api, as_, pool, read):
    body = {
        "dentist_id": str(AMARA),
        "starts_at": monday(9).isoformat(),
        "appointment_type": "checkup",
    }
    ana = as_("patient", "ana")
    visit = (await api.post("/api/appointments", json=body, headers=ana)).json()
    new = {"starts_at": (monday(9) + timedelta(days=1)).isoformat()}
    moved = await api.put(f"/api/appointments/{visit['id']}", json=new, headers=ana)
    assert moved.status_code == 200, moved.text

    first, last = (str(monday(9).date() + timedelta(days=n)) for n in (0, 1))
    of_clinic = {"clinic_id": visit["clinic_id"]}
    rows = await read("utilisation", first, last, **of_clinic)
    booked = {(row["day"], row["dentist_id"]): row["booked_minutes"] for row in rows}
    assert (booked[first, str(AMARA)], booked[last, str(AMARA)]) == (0, 30)
    assert booked[last, str(LENA)] == 0
    assert figures(await read("no-shows", first, last, **of_clinic), "open") == [(0,), (1,)]
    [gone, here] = await read("lead-times", first, last, **of_clinic)
    booked_at = await pool.fetchval("select booked_at from appointments where id = $1", visit["id"])
    hours = (monday(9) + timedelta(days=1) - booked_at) / timedelta(hours=1)
    assert (gone["visits"], gone["mean_hours"], here["visits"]) == (0, None, 1)
    assert here["mean_hours"] == here["median_hours"] == here["p90_hours"] == pytest.approx(hours)


async def test_conversion_and_expiry_are_of_the_holds_made_on_a_local_day(practice, pool, read):
    later = "2099-01-01T00:00Z"
    for at, status, booked, until in (
        ("00:00", "booked", True, later),
        ("08:00", "cancelled", True, later),
        ("09:00", "expired", False, later),
        ("10:00", "held", False, "2026-03-06T15:05Z"),  # overdue, not yet swept
        ("11:00", "released", False, later),
        ("12:00", "cancelled", False, later),
        ("13:00", "declined", False, later),
        ("14:00", "held", False, later),
        ("15:00", "pending_approval", False, later),
        ("23:59:59", "completed", True, later),
    ):
        created, ahead = local(FRIDAY, at), timedelta(days=3) if booked else None
        await add_visit(
            pool, "2100-03-12", "09:00", 30, status, booked=ahead, created=created, until=until
        )
    midnight = local(MONDAY, "00:00")  # of the day after the clocks went forward
    for created in (midnight - timedelta(seconds=1), midnight):
        await add_visit(pool, "2026-03-12", "09:00", 30, "expired", booked=None, created=created)

    rows = await read("conversion", FRIDAY, MONDAY)
    names = ("day", "holds", "booked", "expired", "given_up", "declined", "open")
    assert figures(rows, *names) == [
        (FRIDAY, 10, 3, 2, 2, 1, 2),
        (SATURDAY, 0, 0, 0, 0, 0, 0),
        (SUNDAY, 1, 0, 1, 0, 0, 0),
        (MONDAY, 1, 0, 1, 0, 0, 0),
    ]
    assert figures(rows, "conversion_rate", "expiry_rate") == [
        (3 / 8, 2 / 8),
        (None, None),
        (0, 1),
        (0, 1),
    ]


async def test_no_shows_are_a_share_of_the_visits_with_a_known_outcome(practice, pool, read):
    for at, status in (
        ("08:00", "no_show"),
        ("09:00", "completed"),
        ("10:00", "in_treatment"),
        ("11:00", "checked_in"),
        ("13:00", "booked"),
        ("14:00", "cancelled"),
    ):
        await add_visit(pool, FRIDAY, at, 30, status)
    await add_visit(pool, FRIDAY, "15:00", 30, "cancelled", booked=None)
    await add_visit(pool, FRIDAY, "16:00", 30, "expired", booked=None)
    rows = await read("no-shows", FRIDAY, SATURDAY)
    names = ("day", "attended", "no_shows", "cancelled", "open", "no_show_rate")
    assert figures(rows, *names) == [(FRIDAY, 3, 1, 1, 1, 0.25), (SATURDAY, 0, 0, 0, 0, None)]


async def test_lead_time_runs_from_the_booking_to_the_start(practice, pool, read):
    for at, status, hours in (
        ("08:00", "completed", 2),
        ("09:00", "booked", 10),
        ("10:00", "no_show", 24),
        ("11:00", "checked_in", -0.25),  # a walk-in, booked after its start
        ("13:00", "cancelled", 999),
    ):
        await add_visit(pool, FRIDAY, at, 30, status, booked=timedelta(hours=hours))
    [row] = await read("lead-times", FRIDAY, FRIDAY)
    assert (row["visits"], row["mean_hours"], row["median_hours"]) == (4, 9, 6)
    assert row["p90_hours"] == pytest.approx(10 + 0.7 * 14)  # 2.7 of the 3 steps from 0 to 24


async def test_latency_is_told_by_hour_of_the_event_log(api, as_, pool, read):
    await api._transport.app.state.app_state.relay.stop()
    async with pool.acquire() as connection:
        while await outbox.relay(connection, 500):
            pass
        await connection.execute("delete from realtime_events")
        await connection.execute("select realtime_roll(p_ahead => 100)")
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        for number, (ago, latency) in enumerate(
            [(2, 10), (2, 20), (2, 30), (2, 40), (0, 7)], start=1
        ):
            await connection.execute(
                """
                insert into realtime_events (seq, topic, kind, entity_id, payload, occurred_at,
                                             sequenced_at, latency_ms)
                values ($1, 'appointments', 'appointment.held', gen_random_uuid(), '{}', $2, $2, $3)
                """,
                *(number, hour - timedelta(hours=ago), latency),
            )
    first, last = (str((hour - timedelta(hours=ago)).date()) for ago in (2, 0))
    rows = await read("latency", first, last, clinic_id="")
    assert [datetime.fromisoformat(row["hour"]) for row in rows[:3]] == [
        hour - timedelta(hours=ago) for ago in (2, 1, 0)
    ]
    names = ("events", "p50_ms", "p95_ms", "p99_ms", "max_ms")
    assert figures(rows[:3], *names) == [
        (4, 25, pytest.approx(38.5), pytest.approx(39.7), 40),
        (0, None, None, None, None),
        (1, 7, 7, 7, 7),
    ]
    assert await read("latency", "2020-01-01", "2020-01-31", clinic_id="") == []


async def test_a_practice_without_bookings_has_days_without_figures(practice, read):
    for view in OF_CLINICS:
        rows = await read(view, FRIDAY, MONDAY)
        assert [row["day"] for row in rows] == [FRIDAY, SATURDAY, SUNDAY, MONDAY], view
        for row in rows:
            counts = {
                name: value
                for name, value in row.items()
                if name not in ("day", "clinic_id", "dentist_id", "offered_minutes")
            }
            assert set(counts.values()) <= {0, None}, view


async def test_without_a_clinic_all_clinics_are_told_each_by_its_days(practice, pool, read):
    await add_visit(pool, FRIDAY, "23:30", 15, "no_show")  # Saturday by the other clinic's clock
    rows = await read("no-shows", FRIDAY, SATURDAY, clinic_id="")
    assert len(rows) == 2 * 2
    counted = {(row["clinic_id"], row["day"]): row["no_shows"] for row in rows}
    assert {place for place, count in counted.items() if count} == {(str(PRACTICE), FRIDAY)}
    everybody = await read("utilisation", FRIDAY, FRIDAY, clinic_id="")
    assert len({row["dentist_id"] for row in everybody}) == 3 + 1


async def test_the_default_range_is_four_weeks(practice, read):
    today = datetime.now(UTC).date()
    for given, first, last in (
        (("", ""), today - timedelta(days=27), today),
        ((FRIDAY, ""), date.fromisoformat(FRIDAY), date(2026, 4, 2)),
        (("", FRIDAY), date(2026, 2, 7), date.fromisoformat(FRIDAY)),
    ):
        rows = await read("conversion", *given)
        assert (rows[0]["day"], rows[-1]["day"], len(rows)) == (str(first), str(last), 28)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"from": "2026-03-07", "to": "2026-03-06"}, "to", "before_start"),
        ({"from": "2025-01-01", "to": "2026-01-02"}, "to", "too_large"),
        ({"from": "yesterday"}, "from", "invalid_date"),
        ({"to": "2026-03-06T00:00:00Z"}, "to", "invalid_date"),
        ({"to": "1999-12-31"}, "to", "too_small"),
        ({"days": "3"}, "days", "unknown_field"),
    ],
)
async def test_a_wrong_range_is_refused_by_name(api, as_, view, query, field, code):
    path = f"/api/admin/metrics/{view}"
    answer = await api.get(path, params=query, headers=as_("admin"))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)


@pytest.mark.parametrize("view", OF_CLINICS)
async def test_an_unknown_clinic_and_too_many_rows_are_refused(api, as_, pool, view):
    path = f"/api/admin/metrics/{view}"
    answer = await api.get(path, params={"clinic_id": str(ANA)}, headers=as_("admin"))
    assert answer.json()["errors"][0]["code"] == "unknown"
    await pool.execute(
        """
        insert into clinics (id, name, time_zone, slot_grid_minutes)
        select gen_random_uuid(), 'One of many', 'UTC', 15 from generate_series(1, 5000)
        """
    )
    query = {"from": FRIDAY, "to": SATURDAY}
    answer = await api.get(path, params=query, headers=as_("admin"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "to"
    assert "clinic_id" in answer.json()["detail"]


@pytest.mark.parametrize("view", VIEWS)
async def test_figures_are_for_admins_alone(api, as_, view):
    path = f"/api/admin/metrics/{view}"
    assert (await api.get(path)).status_code == 401
    for caller in (("dentist", "amara"), ("desk", "greta"), ("patient", "ana"), ("agent", None)):
        answer = await api.get(path, headers=as_(*caller))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), caller


async def test_a_hold_through_the_api_is_counted_today(api, as_, pool, read):
    await hold(pool, request(monday(9)))
    today = await pool.fetchval("select (now() at time zone 'Europe/Berlin')::date")
    rows = await read("conversion", str(today), str(today), clinic_id="")
    assert figures(rows, "holds", "open", "conversion_rate") == [(1, 1, None)]
