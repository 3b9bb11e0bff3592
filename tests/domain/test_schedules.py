"""Opening hours, and all that is offered in them against a count of single minutes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.hours import (
    ExceptionKind,
    Hours,
    Interval,
    ScheduleException,
    Window,
)
from domain.hours import open_intervals as openings
from domain.schedules import Claim, Reason, State, Terms, refusal
from domain.search import Slot
from domain.zones import days
from tests.offering import offered

ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)
MONDAY = date(2026, 6, 1)
EVERY_DAY = range(7)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def interval(starts: str, ends: str) -> Interval:
    return Interval(at(starts), at(ends))


def open_intervals(hours: Hours, day: date) -> list[Interval]:
    return list(openings(hours, day))


def daily(starts: str, ends: str, zone: str = "UTC") -> Hours:
    window = time.fromisoformat(starts), time.fromisoformat(ends)
    return Hours(zone, 15, tuple(Window(day, *window) for day in EVERY_DAY))


def weekly(*windows: Window, exceptions: tuple[ScheduleException, ...] = ()) -> Hours:
    return Hours("UTC", 15, windows, exceptions)


CLOSED = ExceptionKind.CLOSED


def opened(on: date, starts: time | None, ends: time | None) -> ScheduleException:
    return ScheduleException(on, starts, ends, ExceptionKind.OPEN)


def closed(on: date, starts: time | None, ends: time | None) -> ScheduleException:
    return ScheduleException(on, starts, ends, ExceptionKind.CLOSED)


MORNING = Window(0, time(9), time(13))
NIGHT = Window(0, time(22), time(2))


def test_wall_time_follows_the_season() -> None:
    hours = daily("09:00", "17:00", "Europe/Madrid")
    assert open_intervals(hours, date(2026, 1, 7)) == [
        interval("2026-01-07T08:00Z", "2026-01-07T16:00Z")
    ]
    assert open_intervals(hours, date(2026, 7, 7)) == [
        interval("2026-07-07T07:00Z", "2026-07-07T15:00Z")
    ]


def test_windows_that_touch_or_overlap_are_one_interval() -> None:
    hours = weekly(Window(0, time(12), time(15)), MORNING, Window(0, time(15), time(16)))
    assert open_intervals(hours, MONDAY) == [interval("2026-06-01T09:00Z", "2026-06-01T16:00Z")]


def test_a_break_separates_intervals() -> None:
    hours = weekly(Window(0, time(14), time(18)), MORNING)
    assert open_intervals(hours, MONDAY) == [
        interval("2026-06-01T09:00Z", "2026-06-01T13:00Z"),
        interval("2026-06-01T14:00Z", "2026-06-01T18:00Z"),
    ]


def test_a_window_applies_on_its_weekday_and_in_its_validity_ends_included() -> None:
    hours = weekly(Window(0, time(9), time(13), MONDAY, MONDAY + timedelta(weeks=1)))
    week = timedelta(weeks=1)
    is_open = [bool(open_intervals(hours, MONDAY + n * week)) for n in (-1, 0, 1, 2)]
    assert is_open == [False, True, True, False]
    assert open_intervals(hours, MONDAY + timedelta(days=1)) == []


def test_a_window_across_midnight_is_open_on_both_days() -> None:
    night = [interval("2026-06-01T22:00Z", "2026-06-02T02:00Z")]
    assert open_intervals(weekly(NIGHT), MONDAY) == night
    assert open_intervals(weekly(NIGHT), MONDAY + timedelta(days=1)) == night
    assert open_intervals(weekly(NIGHT), MONDAY + timedelta(days=2)) == []


def test_an_end_of_midnight_ends_the_day() -> None:
    hours = weekly(Window(0, time(20), time()))
    assert open_intervals(hours, MONDAY) == [interval("2026-06-01T20:00Z", "2026-06-02T00:00Z")]
    assert open_intervals(hours, MONDAY + timedelta(days=1)) == []


def test_midnight_to_midnight_is_all_day() -> None:
    hours = weekly(Window(0, time(), time()))
    assert open_intervals(hours, MONDAY) == [interval("2026-06-01T00:00Z", "2026-06-02T00:00Z")]


def test_open_adds_and_closed_wins() -> None:
    exceptions = (opened(MONDAY, time(15), time(18)), closed(MONDAY, time(12), time(16)))
    assert open_intervals(weekly(MORNING, exceptions=exceptions), MONDAY) == [
        interval("2026-06-01T09:00Z", "2026-06-01T12:00Z"),
        interval("2026-06-01T16:00Z", "2026-06-01T18:00Z"),
    ]


def test_exceptions_without_times_are_the_whole_day() -> None:
    tuesday = MONDAY + timedelta(days=1)
    exceptions = (closed(MONDAY, None, None), opened(tuesday, None, None))
    hours = weekly(MORNING, exceptions=exceptions)
    assert open_intervals(hours, MONDAY) == []
    assert open_intervals(hours, tuesday) == [interval("2026-06-02T00:00Z", "2026-06-03T00:00Z")]


def test_a_closed_day_ends_the_night_before_and_has_no_night_of_its_own() -> None:
    nights = tuple(Window(day, time(22), time(2)) for day in EVERY_DAY)
    hours = weekly(*nights, exceptions=(closed(MONDAY, None, None),))
    assert open_intervals(hours, MONDAY - timedelta(days=1))[-1].ends_at == at("2026-06-01T00:00Z")
    assert open_intervals(hours, MONDAY) == []
    assert open_intervals(hours, MONDAY + timedelta(days=1)) == [
        interval("2026-06-02T22:00Z", "2026-06-03T02:00Z")
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours_long"),
    [
        ("Europe/Madrid", date(2026, 3, 29), 23),
        ("Europe/Madrid", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("America/Sao_Paulo", date(2018, 2, 17), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("Africa/Cairo", date(2026, 10, 29), 25),
        ("Pacific/Apia", date(2011, 12, 30), 0),
        ("Asia/Kathmandu", date(2026, 6, 1), 24),
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(zone: str, day: date, hours_long: float) -> None:
    stretches = days(zone, day, day)
    length = sum((part.ends_at - part.starts_at for part in stretches), timedelta())
    assert length == timedelta(hours=hours_long)


def test_a_window_over_the_repeated_hour_covers_both() -> None:
    hours = daily("01:00", "03:00", "Europe/Madrid")
    assert open_intervals(hours, date(2026, 10, 25)) == [
        interval("2026-10-25T01:00+02:00", "2026-10-25T03:00+01:00")
    ]


def test_a_window_that_ends_in_the_repeated_hour_is_open_both_times() -> None:
    hours = daily("01:00", "02:30", "Europe/Madrid")
    assert open_intervals(hours, date(2026, 10, 25)) == [
        interval("2026-10-25T01:00+02:00", "2026-10-25T02:30+02:00"),
        interval("2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00"),
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        ("01:00", "04:00", [interval("2026-03-29T01:00+01:00", "2026-03-29T04:00+02:00")]),
        ("02:30", "04:00", [interval("2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00")]),
        ("01:00", "02:30", [interval("2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00")]),
        ("02:15", "02:45", []),
    ],
)
def test_a_skipped_hour_is_never_open(starts: str, ends: str, expected: list[Interval]) -> None:
    assert open_intervals(daily(starts, ends, "Europe/Madrid"), date(2026, 3, 29)) == expected


NIGHTS = [
    ("UTC", date(2026, 6, 2)),
    ("Asia/Kathmandu", date(2026, 6, 2)),
    ("Europe/Madrid", date(2026, 3, 29)),
    ("Europe/Madrid", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 29)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Pacific/Apia", date(2011, 12, 30)),
]
"""Clocks that go forward and back, at night, at midnight, across it, by half an hour and a day."""


@dataclass(frozen=True)
class Case:
    hours: Hours
    terms: Terms
    day: date
    busy: list[Claim]
    now: datetime

    def is_open(self, instant: datetime) -> bool:
        """By what the local clock shows at one instant."""
        wall = instant.astimezone(ZoneInfo(self.hours.time_zone)).replace(tzinfo=None)
        every = self.hours.exceptions
        now = [e for e in every if shows(wall, e.on_date, e.starts, e.ends)]
        own = [e for e in now if not e.clinic_wide]
        shut = {e.on_date for e in every if e.whole_day and e.kind is CLOSED}
        away = {e.on_date for e in every if e.whole_day and e.kind is CLOSED and not e.clinic_wide}
        replaced = {e.on_date for e in every if e.kind is ExceptionKind.HOURS}
        by_own = {e.on_date for e in every if e.kind is ExceptionKind.HOURS and not e.clinic_wide}
        if any(e.kind is CLOSED for e in own):
            return False
        if any(e.kind is not CLOSED and e.on_date not in away for e in own):
            return True
        if any(e.kind is CLOSED for e in now):
            return False
        if any(e.clinic_wide and e.on_date not in shut | by_own for e in now):
            return True
        return any(
            w.weekday == on.weekday() and shows(wall, on, w.starts, w.ends)
            for on in {wall.date() - ONE_DAY, wall.date()} - shut - replaced
            for w in self.hours.weekly
        )

    def is_taken(self, start: datetime) -> bool:
        claim_starts = start - self.terms.buffer_before
        claim_ends = start + self.terms.duration + self.terms.buffer_after
        return any(
            claim.starts_at < claim_ends
            and claim_starts < claim.ends_at
            and not (claim.held_until and claim.held_until <= self.now)
            for claim in self.busy
        )

    def reason(self, start: datetime) -> Reason | None:
        wall = start.astimezone(ZoneInfo(self.hours.time_zone))
        around = [start + n * ONE_MINUTE for n in range(-25 * 60, 25 * 60)]
        visit = [start + n * ONE_MINUTE for n in range(self.terms.duration // ONE_MINUTE)]
        local = ZoneInfo(self.hours.time_zone)
        verdicts = {
            Reason.PAST: start < self.now,
            Reason.LEAD_TIME: start - self.now < self.terms.lead_time,
            Reason.HORIZON: start - self.now > self.terms.horizon,
            Reason.CLOSED: not any(
                self.is_open(t) for t in around if t.astimezone(local).date() == wall.date()
            ),
            Reason.OUTSIDE_HOURS: not all(map(self.is_open, visit)),
            Reason.OFF_GRID: (wall.hour * 60 + wall.minute) % self.hours.grid_minutes != 0,
        }
        return next((reason for reason, applies in verdicts.items() if applies), None)


def shows(wall: datetime, on: date, starts: time | None, ends: time | None) -> bool:
    first = datetime.combine(on, starts or time())
    last = datetime.combine(on, ends or time())
    return first <= wall < (last if first < last else last + ONE_DAY)


def spans(low: int, high: int) -> st.SearchStrategy[timedelta]:
    return st.integers(low, high).map(lambda n: n * ONE_MINUTE)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone, night = draw(st.sampled_from(NIGHTS))
    day = night + draw(st.sampled_from([0, 0, 0, -1, 1])) * ONE_DAY
    times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 0, 0, 15, 30, 50]))
    nearby = st.sampled_from([day - ONE_DAY, day, day, day + ONE_DAY])
    window = st.builds(Window, nearby.map(date.weekday), times, times)
    maybe = st.none() | times
    kinds = st.sampled_from(list(ExceptionKind))
    exception = st.builds(ScheduleException, nearby, maybe, maybe, kinds, clinic_wide=st.booleans())
    grid = draw(st.sampled_from([5, 7, 15, 20, 30, 50, 60]))
    weekly = draw(st.lists(window, min_size=1, max_size=5).map(tuple))
    hours = Hours(zone, grid, weekly, draw(st.lists(exception, max_size=4).map(tuple)))
    buffers = draw(spans(0, 20)), draw(spans(0, 20))
    reach = draw(spans(0, 90)), draw(spans(600, 9000))
    rest = (ONE_MINUTE,) * 3
    terms = Terms(UUID(int=1), "x", draw(spans(5, 150)), *buffers, *reach, *rest, False, False)
    midnight = datetime.combine(day, time(), UTC)
    now = midnight + draw(spans(-2400, 600))
    claims = st.tuples(spans(-800, 2200), spans(1, 200), st.none() | spans(-2, 2))
    busy = [
        Claim(
            midnight + starts,
            midnight + starts + length,
            State.BOOKED if until is None else State.HELD,
            None if until is None else now + until,
        )
        for starts, length, until in draw(st.lists(claims, max_size=6))
    ]
    return Case(hours, terms, day, busy, now)


@settings(max_examples=60)
@given(cases())
def test_exactly_the_minutes_that_fit_are_offered(case: Case) -> None:
    midnight = datetime.combine(case.day, time(), UTC)
    minutes = [midnight + n * ONE_MINUTE for n in range(-15 * 60, 41 * 60)]
    is_open = {t: case.is_open(t) for t in minutes}
    length = case.terms.duration // ONE_MINUTE
    zone = ZoneInfo(case.hours.time_zone)
    expected = []
    for start in minutes[: -length or None]:
        wall = start.astimezone(zone)
        on_grid = (wall.hour * 60 + wall.minute) % case.hours.grid_minutes == 0
        in_reach = case.terms.lead_time <= start - case.now <= case.terms.horizon
        if wall.date() == case.day and on_grid and in_reach:
            if all(is_open[start + n * ONE_MINUTE] for n in range(length)):
                expected.append(start)

    slots = list(judged(case))
    assert [slot.starts_at for slot in slots] == expected
    assert [slot.state is not State.FREE for slot in slots] == [*map(case.is_taken, expected)]
    free = [slot for slot in slots if slot.state is State.FREE]
    assert list(offered(case.hours, case.terms, case.day, case.busy, case.now)) == free


def judged(case: Case) -> list[Slot]:
    return list(offered(case.hours, case.terms, case.day, case.busy, case.now, include_taken=True))


@settings(max_examples=100)
@given(cases(), st.integers(-15 * 60, 39 * 60))
def test_a_start_is_refused_for_what_speaks_against_it_first(case: Case, minute: int) -> None:
    start = datetime.combine(case.day, time(), UTC) + minute * ONE_MINUTE
    assert refusal(case.hours, case.terms, start, case.now) == case.reason(start)


@settings(max_examples=100)
@given(cases())
def test_whatever_is_offered_may_be_held(case: Case) -> None:
    reasons = {refusal(case.hours, case.terms, s.starts_at, case.now) for s in judged(case)}
    assert reasons <= {None}
