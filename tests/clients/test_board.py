"""What a reader of the board loads again, and when."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from chairtime_client import Event, Ready, Reload, Reset, reloads
from chairtime_client import board as board_module

NINE = datetime(2026, 12, 14, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def told(dentist: str, since: datetime | None, until: datetime | None) -> Event:
    texts = {"from": since and since.isoformat(), "until": until and until.isoformat()}
    data = {"dentist_id": dentist, **texts}
    return Event("e:1", 1, "schedule.changed", dentist, None, NINE, data)


async def coming(*items):
    """These items, and nothing after them."""
    for item in items:
        yield item
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("items", "loaded"),
    [
        ([told("a", NINE, NINE + HOUR)], [Reload("a", NINE, NINE + HOUR)]),
        (
            [told("a", NINE, NINE + HOUR), told("a", NINE + HOUR, NINE + 2 * HOUR)],
            [Reload("a", NINE, NINE + 2 * HOUR)],
        ),
        (
            [told("a", NINE + 2 * HOUR, NINE + 3 * HOUR), told("a", NINE, NINE + HOUR)],
            [Reload("a", NINE, NINE + HOUR), Reload("a", NINE + 2 * HOUR, NINE + 3 * HOUR)],
        ),
        ([told("b", NINE, NINE + HOUR), told("b", None, None)], [Reload("b")]),
        (
            [told("b", None, None), told("a", NINE, NINE + HOUR)],
            [Reload("a", NINE, NINE + HOUR), Reload("b")],
        ),
        ([told("a", NINE, NINE + HOUR), Reset("e:1", "gap")], [Reload(None)]),
        ([Ready("e:0"), told("a", NINE, NINE + HOUR)], [Reload("a", NINE, NINE + HOUR)]),
    ],
)
async def test_events_that_come_together_are_loaded_once(items, loaded, monkeypatch):
    monkeypatch.setattr(board_module.random, "uniform", lambda _, spread: spread)
    assert await anext(reloads(coming(*items), spread=0.05)) == loaded


async def test_readers_who_hear_the_same_do_not_load_at_the_same_moment(monkeypatch):
    asked: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        asked.append((low, high))
        return 0.0

    monkeypatch.setattr(board_module.random, "uniform", draw)
    await anext(reloads(coming(told("a", None, None))))
    assert asked == [(0, board_module.SPREAD)]


async def test_who_is_refused_hears_of_it():
    async def refused():
        raise PermissionError
        yield

    with pytest.raises(PermissionError):
        await anext(reloads(refused()))
