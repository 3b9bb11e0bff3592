"""What those who run the system are told of how the events get on."""

import random
from bisect import bisect_left

import pytest

from realtime import metrics
from realtime.metrics import BUCKETS, Durations
from tests.realtime.listening import settled, until
from tests.realtime.traffic import churn, wish
from tests.support import hold

FIGURES = "/api/admin/realtime"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def durations(clock, monkeypatch) -> Durations:
    monkeypatch.setattr(metrics, "Histogram", lambda *_, **__: metrics.SEQUENCED._histogram)
    return Durations("test_seconds", "Of a test", clock)


def test_percentiles_lie_in_the_bucket_of_the_true_ones(durations):
    took = [random.lognormvariate(-5, 1.5) for _ in range(5000)]
    for seconds in took:
        durations.observe(seconds)
    (minute,) = durations.last_hour()
    assert minute.count == 5000
    took.sort()
    for share, told in ((0.5, minute.p50_ms), (0.95, minute.p95_ms), (0.99, minute.p99_ms)):
        true = took[round(5000 * share) - 1]
        assert bisect_left(BUCKETS, told / 1000) == bisect_left(BUCKETS, true)


def test_events_are_counted_by_kind_for_an_hour(clock):
    counts = metrics.EventCounts(clock)
    for minute in range(100):
        clock.now = 1_800_000_000.0 + 60 * minute
        counts.add("appointment.held")
        if minute % 2:
            counts.add("appointment.expired")
    assert counts.last_hour() == {"appointment.held": 60, "appointment.expired": 30}
    clock.now += 60 * 60
    assert counts.last_hour() == {}


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 1e-9])
def test_what_took_no_time_at_all_is_counted_as_little(durations, seconds):
    durations.observe(seconds)
    assert 0 < durations.last_hour()[0].p99_ms <= BUCKETS[0] * 1000


def test_each_minute_stands_for_itself_and_an_hour_is_remembered(durations, clock):
    for minute in range(100):
        clock.now = 1_800_000_000.0 + 60 * minute
        durations.observe((minute + 1) / 1000)
    hour = durations.last_hour()
    assert len(hour) == 60
    for number, minute in enumerate(hour, start=41):
        assert minute.count == 1
        assert bisect_left(BUCKETS, minute.p50_ms / 1000) == bisect_left(BUCKETS, number / 1000)
    clock.now += 30 * 60
    assert len(durations.last_hour()) == 30
    clock.now += 90 * 60
    assert durations.last_hour() == []


async def test_an_admin_sees_how_quickly_events_are_numbered_and_delivered(
    api, http, stream, as_, pool
):
    client = await stream("/api/events?topics=appointments", as_("admin", "admin"))
    before = (await http.get(FIGURES, headers=as_("admin", "admin"))).json()
    await churn(pool, range(20))
    head = await settled(pool, api.hub)
    changes = await pool.fetchval(
        "select count(*) from realtime_events where topic = $1", "appointments"
    )
    await until(lambda: len(client.events) == changes)

    told = (await http.get(FIGURES, headers=as_("admin", "admin"))).json()
    log, process = told["log"], told["process"]
    assert (log["head"], log["oldest"], log["waiting"], log["waiting_seconds"]) == (head, 1, 0, 0)
    assert (process["leader"], process["connected"], process["behind"]) == (True, True, 0)
    assert process["streams"] == 1
    assert count(log["sequenced"]) - count(before["log"]["sequenced"]) == head
    writes = count(process["delivered"]) - count(before["process"]["delivered"])
    assert 0 < writes <= changes
    for minute in (log["sequenced"][-1], process["delivered"][-1]):
        assert 0 < minute["p50_ms"] <= minute["p95_ms"] <= minute["p99_ms"] < 60_000


async def test_what_waits_is_told_by_whoever_is_asked(api, http, as_, pool):
    await api.app.state.app_state.relay.stop()
    await hold(pool, wish(0))
    told = (await http.get(FIGURES, headers=as_("admin", "admin"))).json()
    assert told["log"]["waiting"] == 2
    assert told["log"]["waiting_seconds"] > 0
    assert told["process"]["leader"] is False
    await api.app.state.app_state.relay.start()


def count(minutes: list[dict]) -> int:
    return sum(minute["count"] for minute in minutes)
