"""What is offered is right in every zone of the tz database, however its clocks jump."""

from datetime import date
from itertools import islice

import pytest

from tests import sweep

BATCHES = 6


@pytest.fixture(scope="session")
def zones() -> list[sweep.Zone]:
    return sweep.zones()


def test_every_zone_is_looked_at(zones: list[sweep.Zone]) -> None:
    names = [name for zone in zones for name in (zone.name, *zone.same)]
    assert sorted(names) == sorted(sweep.available_timezones())
    changing = [zone for zone in zones if len(zone.changes) > 1]
    assert len(changing) > 40
    assert {date(2026, 3, 29), date(2026, 10, 25)} <= next(
        zone.around_changes() for zone in zones if "Europe/Madrid" in (zone.name, *zone.same)
    )


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_days_around_each_change_and_days_at_random_agree_with_a_count(
    zones: list[sweep.Zone], batch: int
) -> None:
    for zone in islice(zones, batch, None, BATCHES):
        assert sweep.mismatches(zone.name, zone.around_changes() | zone.seeded()) == []


def test_a_fault_by_an_hour_would_be_found(
    zones: list[sweep.Zone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count itself is worth something: it differs where the search is an hour late."""
    free = sweep.SlotSearch.free
    monkeypatch.setattr(
        sweep.SlotSearch, "free", lambda *args: (start + 4 * sweep.STEP for start in free(*args))
    )
    days = [date(2026, 6, day) for day in range(1, 30)]
    assert len(sweep.mismatches("Europe/Madrid", days)) > 20
