"""What is offered, what may be held, and why not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.hours import ExceptionKind, Hours, ScheduleException, Window
from domain.schedules import Claim, Reason, State, Terms, refusal
from tests.offering import offered

MONDAY = date(2026, 6, 1)
ALL_DAY = time(), time()


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


NOW = at("2026-05-31T00:00Z")
TERMS = Terms(
    type_id=UUID(int=1),
    slug="checkup",
    duration=minutes(30),
    buffer_before=minutes(0),
    buffer_after=minutes(0),
    lead_time=minutes(0),
    horizon=timedelta(days=400),
    hold_for=minutes(5),
    approval_for=minutes(60),
    cancel_notice=minutes(0),
    needs_chair=False,
    needs_approval=False,
)


def daily(starts: time, ends: time, zone: str = "UTC", grid: int = 30) -> Hours:
    return Hours(zone, grid, tuple(Window(day, starts, ends) for day in range(7)))


def shown(hours: Hours, day: date, terms: Terms = TERMS, now: datetime | None = None) -> list[str]:
    """Offered starts as the clinic's clock shows them, with their offset."""
    before = now or datetime.combine(day, time(), UTC) - timedelta(days=3)
    zone = ZoneInfo(hours.time_zone)
    slots = offered(hours, terms, day, (), before)
    return [slot.starts_at.astimezone(zone).isoformat(timespec="minutes")[11:] for slot in slots]


def starts(hours: Hours, terms: Terms = TERMS, *busy: Claim) -> list[str]:
    return [f"{slot.starts_at:%H:%M}" for slot in offered(hours, terms, MONDAY, busy, NOW)]


def busy(begins: str, ends: str, held_until: datetime | None = None) -> Claim:
    times = at(f"2026-06-01T{begins}Z"), at(f"2026-06-01T{ends}Z")
    return Claim(*times, State.HELD if held_until else State.BOOKED, held_until)


@pytest.mark.parametrize(
    ("zone", "day", "grid", "window", "expected"),
    [
        pytest.param(
            "Europe/Madrid", date(2026, 3, 29), 30, (time(1), time(4)),
            ["01:00+01:00", "01:30+01:00", "03:00+02:00", "03:30+02:00"],
            id="Madrid skips 02:00",
        ),
        pytest.param(
            "Europe/Madrid", date(2026, 10, 25), 60, (time(1), time(4)),
            ["01:00+02:00", "02:00+02:00", "02:00+01:00", "03:00+01:00"],
            id="Madrid repeats 02:00",
        ),
        pytest.param(
            "America/New_York", date(2026, 3, 8), 60, (time(1), time(4)),
            ["01:00-05:00", "03:00-04:00"],
            id="New York skips 02:00",
        ),
        pytest.param(
            "America/New_York", date(2026, 11, 1), 30, (time(1), time(2)),
            ["01:00-04:00", "01:30-04:00", "01:00-05:00", "01:30-05:00"],
            id="New York repeats 01:00",
        ),
        pytest.param(
            "Australia/Lord_Howe", date(2026, 10, 4), 30, (time(1), time(4)),
            ["01:00+10:30", "01:30+10:30", "02:30+11:00", "03:00+11:00", "03:30+11:00"],
            id="Lord Howe skips half an hour",
        ),
        pytest.param(
            "Australia/Lord_Howe", date(2026, 4, 5), 30, (time(1), time(3)),
            ["01:00+11:00", "01:30+11:00", "01:30+10:30", "02:00+10:30", "02:30+10:30"],
            id="Lord Howe repeats half an hour",
        ),
        pytest.param(
            "America/Sao_Paulo", date(2018, 11, 4), 60, (time(), time(3)),
            ["01:00-02:00", "02:00-02:00"],
            id="Sao Paulo skips midnight",
        ),
        pytest.param(
            "America/Sao_Paulo", date(2018, 2, 17), 60, (time(22), time()),
            ["22:00-02:00", "23:00-02:00", "23:00-03:00"],
            id="Sao Paulo repeats the hour before midnight",
        ),
        pytest.param(
            "Africa/Cairo", date(2026, 4, 24), 60, (time(), time(3)),
            ["01:00+03:00", "02:00+03:00"],
            id="Cairo skips midnight",
        ),
        pytest.param(
            "Africa/Cairo", date(2026, 10, 29), 60, (time(22), time()),
            ["22:00+03:00", "23:00+03:00", "23:00+02:00"],
            id="Cairo repeats the hour before midnight",
        ),
    ],
)  # fmt: skip
def test_on_a_dst_night(
    zone: str, day: date, grid: int, window: tuple[time, time], expected: list[str]
) -> None:
    assert shown(daily(*window, zone, grid), day) == expected


def test_a_visit_may_run_through_a_change_of_offset() -> None:
    hours = daily(time(1), time(4), "Europe/Madrid", 60)
    terms = replace(TERMS, duration=minutes(90))
    assert shown(hours, date(2026, 3, 29), terms) == ["01:00+01:00"]


def test_the_grid_counts_local_minutes_from_midnight() -> None:
    kathmandu = daily(time(9, 10), time(11), "Asia/Kathmandu", 20)
    assert shown(kathmandu, MONDAY) == [f"{t}+05:45" for t in ("09:20", "09:40", "10:00", "10:20")]
    every_50 = daily(*ALL_DAY, grid=50)
    assert shown(every_50, MONDAY)[:2] == ["00:00+00:00", "00:50+00:00"]
    assert shown(every_50, MONDAY)[-1] == "23:20+00:00"


def test_a_slot_belongs_to_the_date_it_starts_on() -> None:
    night = Hours("UTC", 60, (Window(0, time(22), time(2)),))
    assert shown(night, MONDAY) == ["22:00+00:00", "23:00+00:00"]
    assert shown(night, MONDAY + timedelta(days=1)) == ["00:00+00:00", "01:00+00:00"]


def test_a_visit_may_cross_midnight_inside_the_hours() -> None:
    terms = replace(TERMS, duration=minutes(90))
    around_the_clock = daily(*ALL_DAY, grid=60)
    assert len(shown(around_the_clock, MONDAY, terms)) == 24
    only_monday = Hours("UTC", 60, (Window(0, *ALL_DAY),))
    assert shown(only_monday, MONDAY, terms)[-1] == "22:00+00:00"


def test_the_visit_fits_in_the_hours_and_its_buffers_may_lie_outside() -> None:
    terms = replace(TERMS, buffer_before=minutes(15), buffer_after=minutes(15))
    assert starts(daily(time(9), time(10)), terms) == ["09:00", "09:30"]


def test_neighbours_may_touch() -> None:
    hours = daily(time(9), time(11))
    assert starts(hours, TERMS, busy("09:30", "10:00")) == ["09:00", "10:00", "10:30"]


def test_a_visit_claims_its_buffers() -> None:
    hours = daily(time(9), time(12))
    claim = busy("10:00", "10:30")
    assert "09:30" not in starts(hours, replace(TERMS, buffer_after=minutes(1)), claim)
    assert "10:30" in starts(hours, replace(TERMS, buffer_after=minutes(1)), claim)
    assert "10:30" not in starts(hours, replace(TERMS, buffer_before=minutes(1)), claim)


def test_claims_count_in_any_order_and_may_overlap() -> None:
    claims = [busy("11:00", "11:30"), busy("09:30", "09:40"), busy("09:00", "10:30")]
    assert starts(daily(time(9), time(12)), TERMS, *claims) == ["10:30", "11:30"]


def test_an_overdue_hold_is_free_from_its_very_deadline() -> None:
    hours = daily(time(9), time(10))
    assert starts(hours, TERMS, busy("09:00", "09:30", NOW)) == ["09:00", "09:30"]
    assert starts(hours, TERMS, busy("09:00", "09:30", NOW + minutes(1))) == ["09:30"]


def test_a_booking_never_falls_due() -> None:
    booked = busy("09:00", "09:30", NOW)._replace(state=State.BOOKED)
    assert starts(daily(time(9), time(10)), TERMS, booked) == ["09:30"]


def test_taken_slots_say_by_what_and_until_when() -> None:
    soon, later = NOW + minutes(3), NOW + minutes(5)
    claims = [
        busy("09:00", "09:15", soon), busy("09:15", "09:30", later),
        busy("09:30", "09:45", soon), busy("09:45", "10:00"),
    ]  # fmt: skip
    hours = daily(time(9), time(10, 30))
    slots = offered(hours, TERMS, MONDAY, claims, NOW, include_taken=True)
    assert [(slot.state, slot.held_until) for slot in slots] == [
        (State.HELD, later),
        (State.BOOKED, None),
        (State.FREE, None),
    ]


def test_lead_time_and_horizon_are_elapsed_time_and_both_ends_count() -> None:
    """On the night that Madrid skips an hour, 3 h after 00:00+01:00 is 04:00+02:00."""
    hours = daily(*ALL_DAY, "Europe/Madrid", 60)
    terms = replace(TERMS, lead_time=timedelta(hours=3), horizon=timedelta(hours=5))
    midnight = at("2026-03-29T00:00+01:00")
    expected = ["04:00+02:00", "05:00+02:00", "06:00+02:00"]
    assert shown(hours, date(2026, 3, 29), terms, midnight) == expected


def judged(starts_at: str, now: datetime = NOW) -> Iterator[Reason | None]:
    """The reason as causes are taken away in the documented order."""
    instant = datetime.fromisoformat(starts_at)
    terms = replace(TERMS, lead_time=minutes(60), horizon=minutes(30))
    closure = ScheduleException(instant.date(), None, None, ExceptionKind.CLOSED)
    hours = daily(time(9), time(12))
    yield refusal(replace(hours, exceptions=(closure,)), terms, instant, now)
    terms = replace(terms, lead_time=minutes(0))
    yield refusal(replace(hours, exceptions=(closure,)), terms, instant, now)
    terms = replace(terms, horizon=timedelta(days=9))
    yield refusal(replace(hours, exceptions=(closure,)), terms, instant, now)
    yield refusal(hours, terms, instant, now)
    yield refusal(daily(time(9), time(18)), terms, instant, now)
    yield refusal(daily(time(9), time(18), grid=5), terms, instant, now)


def test_the_first_reason_in_order_is_given() -> None:
    soon = at("2026-06-01T12:30Z")
    assert list(judged("2026-06-01T12:05Z", soon)) == [Reason.PAST] * 6
    assert list(judged("2026-06-01T13:05Z", soon)) == [
        Reason.LEAD_TIME,
        Reason.HORIZON,
        Reason.CLOSED,
        Reason.OUTSIDE_HOURS,
        Reason.OFF_GRID,
        None,
    ]
    assert list(Reason)[-1] is Reason.NO_CHAIR


def test_a_start_at_this_very_moment_is_not_past() -> None:
    assert refusal(daily(*ALL_DAY), TERMS, NOW, NOW) is None
    assert refusal(daily(*ALL_DAY), TERMS, NOW - minutes(30), NOW) is Reason.PAST


def test_exactly_lead_time_and_horizon_away_may_be_held() -> None:
    terms = replace(TERMS, lead_time=minutes(60), horizon=minutes(60))
    assert refusal(daily(*ALL_DAY), terms, NOW + minutes(60), NOW) is None


def test_a_fraction_of_a_minute_is_off_the_grid() -> None:
    instant = NOW + timedelta(microseconds=1)
    assert refusal(daily(*ALL_DAY, grid=1), TERMS, instant, NOW) is Reason.OFF_GRID


def test_the_same_instant_is_judged_alike_in_every_zone() -> None:
    hours = daily(time(2), time(3), "Europe/Madrid")
    second = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Madrid"), fold=1)
    assert refusal(hours, TERMS, second, NOW) is None
    assert refusal(hours, TERMS, second.astimezone(UTC), NOW) is None


def test_naive_datetimes_are_refused() -> None:
    hours = daily(*ALL_DAY)
    naive = NOW.replace(tzinfo=None)
    for call in (
        lambda: refusal(hours, TERMS, naive, NOW),
        lambda: refusal(hours, TERMS, NOW, naive),
        lambda: offered(hours, TERMS, MONDAY, (), naive),
        lambda: offered(hours, TERMS, MONDAY, [Claim(naive, naive, State.BOOKED)], NOW),
    ):
        with pytest.raises(ValueError, match="naive"):
            call()


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_offer_nothing(day: date) -> None:
    hours = daily(*ALL_DAY, "Europe/Madrid")
    assert list(offered(hours, TERMS, day, (), NOW)) == []
    for offset in ("+14:00", "-12:00"):
        instant = datetime.fromisoformat(f"{day.isoformat()}T12:00{offset}")
        expected = Reason.PAST if day == date.min else Reason.HORIZON
        assert refusal(hours, TERMS, instant, NOW) is expected
