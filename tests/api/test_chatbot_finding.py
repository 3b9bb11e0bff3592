"""`find_slots`: what the person wishes is what is offered, spread over days and dentists."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slot_choice import FreeStarts, first, spread
from tests.api.test_chatbot import CHECKUP, refused, told
from tests.support import AMARA, LENA, MATEO, hold, monday, request

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = monday(9).date()


@pytest.fixture
def agent(as_):
    return as_("agent")


async def starts(api, agent, zone: ZoneInfo = BERLIN, **wishes) -> list[datetime]:
    found = await told(api, agent, "find_slots", **CHECKUP | wishes)
    return [datetime.fromisoformat(each["starts_at"]).astimezone(zone) for each in found["slots"]]


def on(days: int) -> str:
    return (MONDAY + timedelta(days=days)).isoformat()


WISHES = {
    "morning": ({"part_of_day": "morning"}, lambda at: at.hour < 12),
    "afternoon": ({"part_of_day": "afternoon"}, lambda at: 12 <= at.hour < 17),
    "evening": ({"part_of_day": "evening"}, lambda at: at.hour >= 17),
    "weekdays": ({"weekdays": ["tuesday", "friday"]}, lambda at: at.weekday() in (1, 4)),
    "a day": ({"date": on(2)}, lambda at: at.date() == date.fromisoformat(on(2))),
    "not before a time": ({"not_before": "10:30"}, lambda at: at.time() >= time(10, 30)),
    "not after a time": ({"not_after": "9.15"}, lambda at: at.time() <= time(9, 15)),
    "between times": (
        {"not_before": "9:00", "not_after": "10:00"},
        lambda at: time(9) <= at.time() <= time(10),
    ),
    "not before a date": ({"not_before": on(3)}, lambda at: at.date().isoformat() >= on(3)),
    "not after a date": ({"not_after": on(3)}, lambda at: at.date().isoformat() <= on(3)),
    "not before an instant": (
        {"not_before": f"{on(1)}T15:00:00+01:00"},
        lambda at: at >= monday(15) + timedelta(days=1),
    ),
    "not before a local time": (
        {"not_before": f"{on(1)}T15:00"},
        lambda at: at >= monday(15) + timedelta(days=1),
    ),
    "all at once": (
        {"part_of_day": "morning", "weekdays": ["monday"], "not_before": "09:30", "days": 31},
        lambda at: at.weekday() == 0 and time(9, 30) <= at.time() < time(12),
    ),
}


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("earliest", [False, True])
async def test_every_slot_is_as_wished(api, agent, wish, earliest):
    wishes, fits = WISHES[wish]
    found = await starts(api, agent, **wishes, earliest=earliest)
    assert found
    assert [at for at in found if not fits(at)] == []
    assert found == sorted(found)
    assert len(found) <= 10


@pytest.mark.parametrize("wish", ["morning", "weekdays", "a day", "not after a time"])
async def test_wishes_are_in_the_zone_of_the_person(api, agent, wish):
    zone = ZoneInfo("America/New_York")
    wishes, fits = WISHES[wish]
    if wish == "not after a time":
        wishes, fits = {"not_after": "04:15"}, lambda at: at.time() <= time(4, 15)
    found = await starts(api, agent, zone, **wishes, time_zone=zone.key)
    assert found
    assert [at for at in found if not fits(at)] == []


async def test_times_in_an_impossible_window_are_not_offered(api, agent):
    for wishes in (
        {"not_before": "15:00", "not_after": "14:00"},
        {"part_of_day": "morning", "not_before": "13:00"},
    ):
        found = await told(api, agent, "find_slots", **CHECKUP | wishes)
        assert found["slots"] == []
        assert "next_available" not in found


async def test_without_a_free_time_the_next_one_as_wished_is_named(api, agent):
    sunday = on(-1 + 7)
    found = await told(api, agent, "find_slots", **CHECKUP, date=sunday, part_of_day="evening")
    assert found["slots"] == []
    later = datetime.fromisoformat(found["next_available"]["starts_at"])
    assert later == monday(17, weeks=2)
    assert found["next_available"]["say"] in found["say"]


async def test_what_is_taken_is_not_offered(api, agent, pool):
    await hold(pool, request(monday(9), dentist_id=AMARA))
    asked = {"date": on(0), "dentist": str(AMARA), "not_after": "09:00", "not_before": "09:00"}
    assert await starts(api, agent, **asked) == []


async def test_an_ambiguous_name_is_asked_back(api, agent, pool):
    await pool.execute("update profiles set full_name = 'Dr. Mia Fischer' where id = $1", MATEO)
    document = await refused(api, agent, "find_slots", **CHECKUP, dentist="Dr Fischer")
    assert (document["status"], document["code"]) == (409, "ambiguous_dentist")
    assert {each["dentist_id"] for each in document["candidates"]} == {str(LENA), str(MATEO)}
    assert "Dr. Lena Fischer or Dr. Mia Fischer" in document["say"]
    german = await refused(api, agent, "find_slots", **CHECKUP, dentist="Fischer", language="de")
    assert "Wen meinen Sie" in german["say"]
    assert "Dr. Lena Fischer oder Dr. Mia Fischer" in german["say"]


async def test_an_unknown_name_is_answered_with_the_dentists_there_are(api, agent):
    document = await refused(api, agent, "find_slots", **CHECKUP, dentist="Dr. Nobody")
    assert (document["status"], document["code"]) == (409, "unknown_dentist")
    assert len(document["candidates"]) == 3


async def test_on_the_day_of_the_clock_change_times_are_said_as_the_clock_shows_them(
    api, agent, pool
):
    """The clinic is in Berlin; the clocks go forward on 28 March 2027 from 02:00 to 03:00."""
    await pool.execute("update appointment_types set horizon = interval '2 years'")
    await pool.execute(
        "insert into weekly_hours (resource_no, weekday, starts, ends)"
        " select resource_no, 6, '01:00', '05:00' from dentists where profile_id = $1",
        AMARA,
    )
    asked = {"date": "2027-03-28", "dentist": str(AMARA), "earliest": True}
    found = await told(api, agent, "find_slots", **CHECKUP, **asked)
    said = [each["say"] for each in found["slots"]]
    assert any("at 01:45" in each for each in said)
    assert any("at 03:00" in each for each in said)
    assert not any("at 02:" in each for each in said)
    for each in found["slots"]:
        start, end = (datetime.fromisoformat(each[name]) for name in ("starts_at", "ends_at"))
        assert end - start == timedelta(minutes=30)


class Terms:
    """Stands for the terms of a dentist, of which the choice uses the id alone."""

    def __init__(self, number: int) -> None:
        self.dentist_id = number


free = st.lists(
    st.lists(st.integers(0, 14 * 24 * 4 - 1), unique=True, max_size=40).map(sorted),
    min_size=1,
    max_size=6,
)


@given(free, st.integers(1, 10))
def test_a_spread_choice_takes_as_many_days_as_it_can(offered, most):
    begin = datetime(2027, 3, 1, tzinfo=BERLIN)
    quarter = timedelta(minutes=15)
    dentists = [
        FreeStarts(Terms(number), iter([begin + n * quarter for n in quarters]), BERLIN)
        for number, quarters in enumerate(offered)
    ]
    days = [begin.date() + timedelta(days=n) for n in range(14)]
    chosen = spread(dentists, days, most)
    all_starts = {(begin + n * quarter, d) for d, quarters in enumerate(offered) for n in quarters}
    taken = [(start, terms.dentist_id) for start, terms in chosen]
    assert len(taken) == len(set(taken)) == min(most, len(all_starts))
    assert set(taken) <= all_starts
    assert [start for start, _ in taken] == sorted(start for start, _ in taken)
    free_days = {start.date() for start, _ in all_starts}
    assert len({start.date() for start, _ in taken}) == min(most, len(free_days))


@given(free, st.integers(1, 10))
def test_the_first_starts_are_the_first_of_all_dentists(offered, most):
    begin = datetime(2027, 3, 1, tzinfo=BERLIN)
    dentists = [
        FreeStarts(Terms(d), iter([begin + timedelta(minutes=n) for n in quarters]), BERLIN)
        for d, quarters in enumerate(offered)
    ]
    expected = sorted(
        (begin + timedelta(minutes=n), d) for d, quarters in enumerate(offered) for n in quarters
    )
    chosen = [(start, terms.dentist_id) for start, terms in first(dentists, most)]
    assert chosen == expected[:most]


async def test_an_unknown_type_is_refused(api, agent):
    document = await refused(
        api, agent, "find_slots", appointment_type="nothing", dentist=str(AMARA)
    )
    assert document["errors"][0]["field"] == "appointment_type"
