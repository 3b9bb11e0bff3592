"""The minutes that a schedule offers, against a count of single minutes."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from domain.hours import ExceptionKind, Hours, ScheduleException, Window
from domain.offered import offered_minutes
from tests.domain.test_schedules import ONE_DAY, ONE_MINUTE, Case, cases

NIGHTS = tuple(Window(day, time(0), time(4)) for day in range(7))


@settings(max_examples=40)
@given(cases())
def test_offered_minutes_are_those_at_which_the_clinic_is_open(case: Case) -> None:
    midnight = datetime.combine(case.day, time(), UTC)
    minutes = (midnight + n * ONE_MINUTE for n in range(-15 * 60, 41 * 60))
    zone = ZoneInfo(case.hours.time_zone)
    open_on_day = [
        each for each in minutes if each.astimezone(zone).date() == case.day and case.is_open(each)
    ]
    assert offered_minutes(case.hours, case.day, case.day) == {case.day: len(open_on_day)}


@settings(max_examples=60)
@given(cases())
def test_each_day_of_a_range_is_as_if_asked_alone(case: Case) -> None:
    several = [case.day + n * ONE_DAY for n in range(-2, 3)]
    alone = {day: offered_minutes(case.hours, day, day)[day] for day in several}
    assert offered_minutes(case.hours, several[0], several[-1]) == alone


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        ("UTC", date(2026, 3, 8), 240),
        ("America/New_York", date(2026, 3, 8), 180),  # 02:00 to 03:00 is skipped
        ("America/New_York", date(2026, 11, 1), 300),  # 01:00 to 02:00 comes twice
        ("America/Havana", date(2026, 11, 1), 300),  # 00:00 to 01:00 comes twice
        ("Pacific/Apia", date(2011, 12, 30), 0),  # the whole day is skipped
    ],
)
def test_a_skipped_hour_is_not_offered_and_a_repeated_one_twice(zone, day, minutes) -> None:
    assert offered_minutes(Hours(zone, 15, NIGHTS), day, day) == {day: minutes}


def test_blocked_time_is_not_offered() -> None:
    sunday = date(2026, 3, 8)
    blocked = ScheduleException(sunday, time(1), time(1, 45), ExceptionKind.CLOSED)
    hours = Hours("UTC", 15, NIGHTS, (blocked,))
    assert offered_minutes(hours, sunday, sunday + ONE_DAY) == {
        sunday: 240 - 45,
        sunday + ONE_DAY: 240,
    }
