"""Dates, times and names in sentences."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.chatbot.spoken import LANGUAGES, LONGEST_NAME, MARKS, clock, moment, plain, quoted

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Monday, 8 March 2027 at 09:05"),
        ("de", "Montag, 8. März 2027 um 09:05 Uhr"),
    ],
)
def test_a_moment_is_said_in_words(language, said):
    assert moment(datetime(2027, 3, 8, 9, 5, tzinfo=BERLIN), language) == said


@pytest.mark.parametrize(("hour", "offset"), [(0, "+02:00"), (1, "+01:00")])
def test_a_time_that_the_clock_shows_twice_is_said_with_its_offset(hour, offset):
    """On 31 October 2027 clocks go back from 03:00 to 02:00."""
    at = datetime(2027, 10, 31, hour, 30, tzinfo=UTC).astimezone(BERLIN)
    assert clock(at, "en") == f"02:30 (UTC{offset})"
    assert clock(at, "de") == f"02:30 Uhr (UTC{offset})"


def test_any_other_time_of_that_day_is_said_plainly():
    assert clock(datetime(2027, 10, 31, 9, tzinfo=BERLIN), "en") == "09:00"
    assert clock(datetime(2027, 3, 28, 3, 30, tzinfo=BERLIN), "en") == "03:30"


@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
def test_no_name_leaves_its_place_in_a_sentence(name, language):
    said = quoted(name, language)
    inside = said[1:-1]
    assert not MARKS & set(inside)
    assert inside.isprintable()
    assert len(inside) <= LONGEST_NAME
    assert inside == inside.strip()


@pytest.mark.parametrize(
    "name", ["Ana Torres", "Siobhán O'Connor", "李 雷", "Jürgen Müller-Lüdenscheidt"]
)
def test_ordinary_names_are_said_as_they_are(name):
    assert plain(name) == name
