"""When the dispatcher goes on: in a pause of the commands, or when some have waited for long."""

import math

import pytest

from workflows.lull import BREATH, Lull

QUIET, PATIENCE = 0.25, 4.0


class Hours:
    """A clock that goes when somebody sleeps, and what is heard meanwhile, by the time."""

    def __init__(self, *heard: float, patience: float = PATIENCE) -> None:
        self.now = 100.0
        self.lull = Lull(quiet=QUIET, patience=patience, clock=lambda: self.now, sleep=self.sleep)
        self._heard = sorted(100 + at for at in heard)

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        while self._heard and self._heard[0] <= until:
            self.now = self._heard.pop(0)
            self.lull.heard()
        self.now = until

    async def wait(self) -> float:
        """When it ended, from the beginning of time."""
        at = await self.lull.wait()
        assert at == self.now
        return round(at - 100, 9)


def every(seconds: float, until: float) -> list[float]:
    return [n * seconds for n in range(math.ceil(until / seconds))]


async def test_where_nothing_was_heard_it_is_a_breath():
    assert await Hours().wait() == BREATH


async def test_who_comes_alone_waits_until_it_is_quiet():
    assert await Hours(0).wait() == QUIET


async def test_while_commands_keep_coming_it_lasts():
    assert await Hours(0, 0.2, 0.4, 0.6).wait() == 0.6 + QUIET


async def test_it_does_not_outlast_its_patience():
    assert await Hours(*every(0.2, 60)).wait() == PATIENCE


@pytest.mark.parametrize("rounds", [1, 3])
async def test_after_its_patience_it_is_a_breath_while_something_is_left(rounds):
    hours = Hours(*every(0.2, 60))
    for n in range(rounds):
        assert await hours.wait() == round(PATIENCE + n * BREATH, 9)
        hours.lull.looked(hours.now, more=True)
    hours.lull.looked(hours.now, more=False)
    assert await hours.wait() > PATIENCE + rounds * BREATH


async def test_what_came_during_a_look_that_left_nothing_waits_since_that_look():
    hours = Hours(*every(0.2, 60))
    began = await hours.wait()
    at = hours.now
    await hours.sleep(1.0)
    hours.lull.looked(at, more=False)
    assert await hours.wait() == began + PATIENCE


async def test_after_a_look_that_left_nothing_the_next_command_waits_from_its_own_time():
    hours = Hours(0, 10, *(10 + at for at in every(0.2, 60)))
    await hours.wait()
    hours.lull.looked(hours.now, more=False)
    await hours.sleep(9.8 - QUIET)
    hours.lull.heard()  # at 9.8
    assert await hours.wait() == 9.8 + PATIENCE


async def test_what_a_look_left_waits_since_then_though_another_left_nothing():
    hours = Hours(*every(0.2, 60))
    began = await hours.wait()
    at = hours.now
    await hours.sleep(1.0)
    hours.lull.looked(hours.now, more=False)  # another's, who passes over what this one has
    await hours.sleep(1.0)
    hours.lull.looked(at, more=True)
    assert await hours.wait() == began + PATIENCE
