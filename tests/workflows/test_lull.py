"""When the dispatcher goes on: when commands do not rush, or when some have waited for long."""

import math

import pytest

from workflows.lull import BREATH, Lull

RUSH, PATIENCE = 4, 19.5 * BREATH
FAST, SLOW = BREATH / RUSH, BREATH / (RUSH - 1)


class Hours:
    """A clock that goes when somebody sleeps, and what is heard meanwhile, by the time."""

    def __init__(self, *heard: float) -> None:
        self.now = 100.0
        self.lull = Lull(rush=RUSH, patience=PATIENCE, clock=lambda: self.now, sleep=self.sleep)
        self._heard = sorted(100 + at for at in heard)

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        while self._heard and self._heard[0] < until - 1e-6:
            self.now = self._heard.pop(0)
            self.lull.heard()
        self.now = until

    async def wait(self) -> int:
        """How many breaths it ended after, from the beginning of time."""
        at = await self.lull.wait()
        assert at == self.now
        return round((at - 100) / BREATH)


def every(seconds: float, until: float = 60, since: float = 0) -> list[float]:
    return [since + n * seconds for n in range(math.ceil((until - since) / seconds))]


LONG = math.ceil(PATIENCE / BREATH)


@pytest.mark.parametrize("heard", [[], [0], every(SLOW)])
async def test_where_nobody_rushes_it_is_a_breath(heard):
    hours = Hours(*heard)
    assert await hours.wait() == 1
    assert await hours.wait() == 2


async def test_it_lasts_as_long_as_a_rush():
    assert await Hours(*every(FAST, until=3 * BREATH)).wait() == 4


async def test_many_events_at_once_are_a_rush():
    hours = Hours()
    hours.lull.heard(RUSH)
    assert await hours.wait() == 1  # they came before
    hours.lull.looked(hours.now, more=False)
    hours = Hours(BREATH / 2)
    hours.lull.heard = lambda: Lull.heard(hours.lull, RUSH)
    assert await hours.wait() == 2


async def test_it_does_not_outlast_its_patience():
    assert await Hours(*every(FAST)).wait() == LONG


@pytest.mark.parametrize("rounds", [1, 3])
async def test_after_its_patience_it_is_a_breath_while_something_is_left(rounds):
    hours = Hours(*every(FAST))
    for n in range(rounds):
        assert await hours.wait() == LONG + n
        hours.lull.looked(hours.now, more=True)
    hours.lull.looked(hours.now, more=False)
    assert await hours.wait() > LONG + rounds


async def test_what_came_during_a_look_that_left_nothing_waits_since_that_look():
    hours = Hours(*every(FAST))
    began = await hours.wait()
    at = hours.now
    await hours.sleep(5 * BREATH)
    hours.lull.looked(at, more=False)
    assert await hours.wait() == began + LONG


async def test_after_a_look_that_left_nothing_the_next_command_waits_from_its_own_time():
    hours = Hours(0, *every(FAST, since=100 * BREATH))
    await hours.wait()
    hours.lull.looked(hours.now, more=False)
    await hours.sleep(99 * BREATH)
    assert await hours.wait() == 100 + LONG


async def test_what_a_look_left_waits_since_then_though_another_left_nothing():
    hours = Hours(*every(FAST))
    began = await hours.wait()
    at = hours.now
    await hours.sleep(5 * BREATH)
    hours.lull.looked(hours.now, more=False)  # another's, who passes over what this one has
    await hours.sleep(5 * BREATH)
    hours.lull.looked(at, more=True)
    assert await hours.wait() == began + LONG
