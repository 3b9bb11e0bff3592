"""The transition table, walked in full: every verb in every state."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.booking import LAPSE_AFTER, LIVE, RULES, Deadline, Outcome, Status, Verb, allowed
from domain.booking_state import state_of

NOW = datetime(2030, 1, 7, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
AN_HOUR = timedelta(hours=1)

TERMINAL = frozenset(Status) - LIVE
WITH_DEADLINE = {Status.HELD: "hold", Status.PENDING_APPROVAL: "approval"}
BY_CALLERS = [verb for verb in RULES if verb is not Verb.EXPIRE]

# The same table as in the design, by state, so that a slip in the code's own cannot hide.
TABLE: dict[Status, dict[Verb, Status]] = {
    Status.HELD: {
        Verb.CONFIRM: Status.BOOKED,
        Verb.EXTEND: Status.HELD,
        Verb.RELEASE: Status.RELEASED,
        Verb.EXPIRE: Status.EXPIRED,
        Verb.EDIT: Status.HELD,
        Verb.CANCEL: Status.CANCELLED,
    },
    Status.PENDING_APPROVAL: {
        Verb.APPROVE: Status.BOOKED,
        Verb.DECLINE: Status.DECLINED,
        Verb.EXPIRE: Status.DECLINED,
        Verb.RESCHEDULE: Status.BOOKED,
        Verb.EDIT: Status.PENDING_APPROVAL,
        Verb.CANCEL: Status.CANCELLED,
    },
    Status.BOOKED: {
        Verb.RESCHEDULE: Status.BOOKED,
        Verb.EDIT: Status.BOOKED,
        Verb.CHECK_IN: Status.CHECKED_IN,
        Verb.NO_SHOW: Status.NO_SHOW,
        Verb.CANCEL: Status.CANCELLED,
    },
    Status.CHECKED_IN: {
        Verb.EDIT: Status.CHECKED_IN,
        Verb.START: Status.IN_TREATMENT,
        Verb.CANCEL: Status.CANCELLED,
    },
    Status.IN_TREATMENT: {Verb.EDIT: Status.IN_TREATMENT, Verb.COMPLETE: Status.COMPLETED},
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("verb", RULES)
def test_a_verb_leads_where_the_table_says_or_nowhere(verb, status):
    assert RULES[verb].transitions.get(status) == TABLE.get(status, {}).get(verb)


def test_every_verb_has_a_rule_but_hold_and_those_that_change_no_status():
    assert set(Verb) - set(RULES) == {Verb.HOLD, Verb.LAPSE, Verb.ASSIGN_CHAIR}


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_a_terminal_state_never_changes(status):
    for rule in RULES.values():
        assert status not in rule.transitions
        assert status not in (rule.transitions_with_approval or {})
    assert allowed(status) == []


@pytest.mark.parametrize("status", sorted(LIVE))
def test_every_live_state_has_a_way_to_an_end(status):
    reached, frontier = {status}, {status}
    while frontier:
        frontier = {s for now in frontier for s in TABLE.get(now, {}).values()} - reached
        reached |= frontier
    assert reached & TERMINAL


def test_every_state_can_be_reached_from_a_hold():
    reached = {Status.HELD}
    for _ in Status:
        for rule in RULES.values():
            moves = [*rule.transitions.items(), *(rule.transitions_with_approval or {}).items()]
            reached |= {after for before, after in moves if before in reached}
    assert reached == set(Status)


def test_where_approval_is_needed_confirm_leads_to_waiting_for_it_and_nothing_past_it():
    assert RULES[Verb.CONFIRM].transitions_with_approval == {Status.HELD: Status.PENDING_APPROVAL}
    for rule in RULES.values():
        for before, after in (rule.transitions_with_approval or {}).items():
            assert after is Status.PENDING_APPROVAL
            assert before in rule.transitions, "approval changes where a verb leads, not where from"


def test_only_reschedule_has_transitions_of_its_own_for_staff():
    known = {
        v: rule.transitions_with_approval_by_staff
        for v, rule in RULES.items()
        if rule.transitions_with_approval_by_staff
    }
    stays = {status: status for status in RULES[Verb.RESCHEDULE].transitions}
    assert known == {Verb.RESCHEDULE: stays}


def test_deadline_allows_each_verb_on_one_side_only():
    judged = {
        verb: rule.deadline for verb, rule in RULES.items() if rule.deadline is not Deadline.ANY
    }
    assert judged == {
        Verb.CONFIRM: Deadline.BEFORE,
        Verb.EXTEND: Deadline.BEFORE,
        Verb.APPROVE: Deadline.BEFORE,
        Verb.RESCHEDULE: Deadline.BEFORE,
        Verb.EDIT: Deadline.BEFORE,
        Verb.EXPIRE: Deadline.AFTER,
    }
    for verb in judged:
        assert set(RULES[verb].transitions) & set(WITH_DEADLINE), (
            "only these states have a deadline"
        )


def test_every_state_with_a_deadline_is_ended_by_time_alone():
    assert set(RULES[Verb.EXPIRE].transitions) == set(WITH_DEADLINE)
    assert set(RULES[Verb.EXPIRE].transitions.values()) <= TERMINAL


@pytest.mark.parametrize("status", Status)
def test_a_caller_is_told_every_verb_that_leads_on_and_never_to_expire(status):
    assert set(allowed(status)) == set(TABLE.get(status, {})) - {Verb.EXPIRE}
    assert allowed(status) == [verb for verb in BY_CALLERS if verb in allowed(status)]


@pytest.mark.parametrize("status", sorted(LIVE))
def test_something_is_due_in_every_live_state(status):
    state = _state(status)
    assert not state.over
    assert state.due == WITH_DEADLINE.get(status, "end of visit")
    expected = LATER if status in WITH_DEADLINE else NOW + AN_HOUR + LAPSE_AFTER
    assert state.due_in == (expected - NOW).total_seconds()


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_nothing_is_due_in_a_terminal_state(status):
    state = _state(status)
    assert (state.over, state.due, state.due_in) == (True, "", None)


def test_what_is_overdue_is_due_in_less_than_nothing():
    assert _state(Status.HELD, now=LATER + timedelta(seconds=2)).due_in == -2


def test_a_lapsed_visit_is_left_to_staff_but_a_deadline_still_counts():
    assert _state(Status.BOOKED, lapsed_at=NOW).over
    assert not _state(Status.PENDING_APPROVAL, lapsed_at=NOW).over


def test_what_goes_through_temporal_is_text_as_the_database_knows_it():
    for enum in (Status, Verb, Outcome):
        for member in enum:
            assert member == member.name.lower()


def _state(status: Status, now: datetime = NOW, lapsed_at: datetime | None = None):
    return state_of(
        id=uuid4(),
        status=status,
        version=1,
        hold_expires_at=LATER,
        approval_expires_at=LATER,
        ends_at=NOW + AN_HOUR,
        lapsed_at=lapsed_at,
        recent=[],
        now=now,
        clinic_id=uuid4(),
        dentist_id=uuid4(),
        starts_at=NOW,
    )
