import pytest

from tests.faults import starvation
from tests.faults.starvation import Starvation

WAITED = [0.0]


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starvation, "_waited", lambda pid: WAITED[0])
    WAITED[0] = 0.0


def _looked(waited: float) -> tuple[float, float] | None:
    """What is found after one second in which it waited so long."""
    found = Starvation()
    found.since_last(1, 100.0)
    WAITED[0] = waited
    return found.since_last(1, 101.0)


def test_process_that_mostly_waits_is_starved():
    assert _looked(0.9) == (100.0, 101.0)


def test_process_that_mostly_runs_or_sleeps_is_not():
    assert _looked(0.3) is None


def test_wait_that_began_before_the_last_look_is_starved_from_its_beginning():
    assert _looked(2.7) == (98.3, 101.0)


def test_first_look_finds_nothing():
    WAITED[0] = 50.0
    assert Starvation().since_last(1, 100.0) is None
