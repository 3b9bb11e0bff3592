import pytest

from tests.faults.plan import Kind, plan

THREE_MINUTES = 180.0


def test_same_seed_gives_same_plan():
    assert plan(7, 600) == plan(7, 600)
    assert plan(7, 600) != plan(8, 600)


@pytest.mark.parametrize("seed", range(50))
def test_three_minutes_have_every_kind(seed: int):
    assert {fault.kind for fault in plan(seed, THREE_MINUTES)} == set(Kind)


@pytest.mark.parametrize("seed", range(50))
def test_faults_are_in_order_and_healed_before_the_end(seed: int):
    faults = plan(seed, 400)
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert all(fault.lasts > 0 and fault.ends <= 400 for fault in faults)


def test_longer_run_begins_with_the_faults_of_a_shorter_one():
    assert plan(7, 600)[: len(plan(7, 200))] == plan(7, 200)


def test_run_too_short_for_a_fault_has_none():
    assert plan(7, 5) == []
