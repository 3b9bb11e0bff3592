"""The judge finds nothing in a run that went well, and each violation that is planted in it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.delivery import slot_of
from tests.faults.evidence import COMPLETED, RUNNING, Evidence, Logged, Row, Step, Workflow
from tests.faults.history import NO_ANSWER, NO_CPU, Attempt, Caller, Reader, Request, Silence, Slot
from tests.faults.judge import RULES, judge

NINE, TEN, ELEVEN = Slot("dentist", 9000.0), Slot("dentist", 10000.0), Slot("dentist", 11000.0)
PLANTS: list[tuple[str, Callable[[Evidence], None]]] = []


def plant(rule: str):
    """Registers a function that plants a violation of this rule."""

    def registered(function: Callable[[Evidence], None]) -> Callable[[Evidence], None]:
        PLANTS.append((rule.replace("_", " "), function))
        return function

    return registered


def request(verb, booking, at, status=200, *, slot=None, code="", answer=None, until=None):
    """A command that was answered half a second after it was sent, at the first attempt."""
    attempt = Attempt("api-1", at, until or at + 0.5, str(status))
    return Request(verb, f"{verb}-{at}", booking, slot, [attempt], status, code, answer or {})


def hold(booking, slot, at, deadline):
    answer = {"status": "held", "version": 1, "starts_at": slot.starts_at, "deadline": deadline}
    return request("hold", booking, at, 201, slot=slot, answer=answer)


def refused_hold(slot, at, code="slot_unavailable"):
    return request("hold", None, at, 409, slot=slot, code=code)


def healthy() -> Evidence:
    """A booked and moved visit, a cancelled one, an expired hold whose slot was taken after it, a
    released one, and a refused hold.
    """
    moved_to = {"dentist": TEN.dentist, "starts_at": TEN.starts_at}
    first = [
        hold("moved", NINE, 1, 20),
        request("confirm", "moved", 2),
        request("move", "moved", 3, slot=TEN, answer=moved_to),
        hold("expired", ELEVEN, 5, 10),
    ]
    second = [
        hold("cancelled", NINE, 4, 20),
        request("confirm", "cancelled", 5),
        request("cancel", "cancelled", 6),
        refused_hold(ELEVEN, 7),
        hold("released", ELEVEN, 12, 20),
        request("release", "released", 13),
    ]
    lives = {
        "moved": (["hold", "confirm", "reschedule"], ["held", "booked", "booked"], TEN, 20.0),
        "cancelled": (["hold", "confirm", "cancel"], ["held", "booked", "cancelled"], NINE, 20.0),
        "expired": (["hold", "expire"], ["held", "expired"], ELEVEN, 10.0),
        "released": (["hold", "release"], ["held", "released"], ELEVEN, 20.0),
    }
    evidence = Evidence([Caller("a", first), Caller("b", second)], [])
    for id, (verbs, states, slot, deadline) in lives.items():
        end = slot.starts_at + 900
        at = (id, states[-1], len(verbs), slot.dentist, f"patient of {id}", slot.starts_at, end)
        evidence.rows.append(Row(*at, deadline))
        befores = [None, *states[:-1]]
        for version, step in enumerate(zip(verbs, befores, states, strict=True), start=1):
            evidence.steps.append(Step(id, version, *step, deadline + 0.1))
            number = len(evidence.log) + 1
            evidence.log.append(Logged(number, "appointments", "appointment.x", id, version))
        live = states[-1] == "booked"
        result = Workflow(RUNNING) if live else Workflow(COMPLETED, states[-1], len(verbs))
        evidence.workflows[id] = result
    for id, state in (
        ("cancelled", "held"),
        ("moved", "booked"),
        ("expired", "free"),
        ("released", "free"),
        ("cancelled", "free"),
    ):
        number, slot = len(evidence.log) + 1, slot_of(row(evidence, id))
        board_event = Logged(number, "availability", f"slot.{state}", "dentist", None, slot)
        evidence.log.append(board_event)
    everything = list(range(3, len(evidence.log) + 1))
    board = [event.seq for event in evidence.log if event.topic == "availability"]
    evidence.readers = [
        Reader("all", ("appointments", "availability"), 2, everything),
        Reader("board", ("availability",), 0, board),
    ]
    return evidence


def row(evidence: Evidence, id: str) -> Row:
    return next(row for row in evidence.rows if row.id == id)


def change(evidence: Evidence, id: str, **fields: object) -> None:
    evidence.rows = [replace(r, **fields) if r.id == id else r for r in evidence.rows]


@plant("no_double_booking")
def slot_given_twice(evidence: Evidence) -> None:
    evidence.callers[1].requests.append(hold("second", TEN, 14, 30))


@plant("no_double_booking")
def slot_given_before_its_hold_ended(evidence: Evidence) -> None:
    evidence.callers[1].requests[4] = hold("released", ELEVEN, 8, 20)


@plant("no_double_booking")
def old_slot_given_before_the_move(evidence: Evidence) -> None:
    evidence.callers[1].requests[0] = hold("cancelled", NINE, 2.1, 20)


@plant("no_double_booking")
def rows_overlap_for_the_dentist(evidence: Evidence) -> None:
    evidence.rows.append(replace(row(evidence, "moved"), id="second", patient="another"))


@plant("no_double_booking")
def rows_overlap_for_the_patient(evidence: Evidence) -> None:
    evidence.rows.append(replace(row(evidence, "moved"), id="second", dentist="another"))


@plant("no_answered_booking_lost")
def confirmed_row_is_gone(evidence: Evidence) -> None:
    evidence.rows.remove(row(evidence, "moved"))


@plant("no_answered_booking_lost")
def confirmed_booking_expired(evidence: Evidence) -> None:
    change(evidence, "moved", status="expired")


@plant("no_answered_booking_lost")
def cancelled_booking_is_back(evidence: Evidence) -> None:
    change(evidence, "cancelled", status="booked")


@plant("no_answered_booking_lost")
def move_is_lost(evidence: Evidence) -> None:
    change(evidence, "moved", starts_at=NINE.starts_at)


@plant("no_answered_booking_lost")
def booking_went_to_another_dentist(evidence: Evidence) -> None:
    change(evidence, "moved", dentist="another")


@plant("no_unknown_booking")
def refused_hold_took_effect(evidence: Evidence) -> None:
    evidence.rows.append(replace(row(evidence, "expired"), id="nobody's", dentist="another"))


def without_answer(booking_request: Request) -> Request:
    """The same, but its first attempt had no answer, from a server that was stopped."""
    booking_request.attempts.insert(0, Attempt("api-2", 0.5, 5.5, NO_ANSWER))
    return booking_request


@plant("no_unknown_booking")
def one_hold_without_answer_made_two_rows(evidence: Evidence) -> None:
    evidence.callers[0].requests.append(without_answer(refused_hold(ELEVEN, 15)))
    for id in ("nobody's", "nobody's either"):
        evidence.rows.append(replace(row(evidence, "expired"), id=id, patient=id))


@plant("no_unknown_booking")
def hold_without_answer_was_confirmed(evidence: Evidence) -> None:
    evidence.callers[0].requests.append(without_answer(refused_hold(ELEVEN, 15)))
    unknown = replace(row(evidence, "expired"), id="nobody's", patient="x", status="booked")
    evidence.rows.append(unknown)


@plant("every_hold_ended_once")
def hold_ended_twice(evidence: Evidence) -> None:
    evidence.steps.append(Step("released", 3, "expire", "held", "expired", 21.0))
    change(evidence, "released", version=3, status="expired")


@plant("every_hold_ended_once")
def hold_never_ended(evidence: Evidence) -> None:
    evidence.steps = [s for s in evidence.steps if (s.booking, s.version) != ("expired", 2)]
    change(evidence, "expired", version=1, status="held")


@plant("every_hold_ended_once")
def step_is_missing(evidence: Evidence) -> None:
    evidence.steps = [s for s in evidence.steps if (s.booking, s.version) != ("moved", 2)]


@plant("every_hold_ended_once")
def row_is_not_where_its_steps_lead(evidence: Evidence) -> None:
    change(evidence, "released", status="cancelled")


@plant("every_hold_ended_once")
def terminal_state_changed(evidence: Evidence) -> None:
    evidence.steps.append(Step("cancelled", 4, "confirm", "cancelled", "booked", 9.0))
    change(evidence, "cancelled", version=4, status="booked")


@plant("none_released_early")
def hold_expired_early(evidence: Evidence) -> None:
    change(evidence, "expired", deadline=11.0)


@plant("none_released_early")
def hold_expired_before_the_deadline_that_its_caller_was_told(evidence: Evidence) -> None:
    evidence.callers[0].requests[3] = hold("expired", ELEVEN, 5, 11)


@plant("none_released_early")
def hold_expired_early_by_another_verb(evidence: Evidence) -> None:
    change(evidence, "expired", deadline=11.0)
    evidence.steps = [
        replace(step, verb="sweep") if step.verb == "expire" else step for step in evidence.steps
    ]


@plant("none_released_early")
def confirm_refused_before_the_deadline(evidence: Evidence) -> None:
    late = request("confirm", "expired", 8, 410, code="hold_expired")
    evidence.callers[0].requests.append(late)


@plant("no_unexplained_refusal")
def hold_refused_without_a_reason(evidence: Evidence) -> None:
    evidence.callers[0].requests.append(refused_hold(TEN, 15, "not_found"))


@plant("no_unexplained_refusal")
def cancel_refused(evidence: Evidence) -> None:
    refused = request("cancel", "moved", 15, 409, code="slot_unavailable")
    evidence.callers[0].requests.append(refused)


@plant("no_orphan")
def workflow_is_missing(evidence: Evidence) -> None:
    del evidence.workflows["moved"]


@plant("no_orphan")
def workflow_failed(evidence: Evidence) -> None:
    evidence.workflows["moved"] = Workflow("FAILED")


@plant("no_orphan")
def workflow_goes_on_after_the_end(evidence: Evidence) -> None:
    evidence.workflows["cancelled"] = Workflow(RUNNING)


@plant("no_orphan")
def workflow_closed_with_another_result(evidence: Evidence) -> None:
    evidence.workflows["released"] = Workflow(COMPLETED, "expired", 2)


@plant("no_orphan")
def workflow_has_no_row(evidence: Evidence) -> None:
    evidence.workflows["unknown"] = Workflow(RUNNING)


@plant("no_orphan")
def parts_do_not_agree_in_time(evidence: Evidence) -> None:
    evidence.disagreements.append("3 commands waiting")


@plant("each_change_has_one_event")
def event_is_not_in_the_log(evidence: Evidence) -> None:
    evidence.log[0] = replace(evidence.log[0], topic="profiles")


@plant("each_change_has_one_event")
def event_is_twice_in_the_log(evidence: Evidence) -> None:
    again = replace(evidence.log[0], seq=len(evidence.log) + 1)
    evidence.log.append(again)
    evidence.readers[0].heard.append(again.seq)


@plant("each_change_has_one_event")
def log_has_a_gap(evidence: Evidence) -> None:
    evidence.log[-1] = replace(evidence.log[-1], seq=99)


@plant("last_board_event_is_as_the_rows")
def board_was_not_told_that_a_slot_became_free(evidence: Evidence) -> None:
    evidence.log.pop()


@plant("last_board_event_is_as_the_rows")
def board_was_told_that_a_booked_slot_is_free(evidence: Evidence) -> None:
    slot = slot_of(row(evidence, "moved"))
    free = Logged(len(evidence.log) + 1, "availability", "slot.free", "dentist", None, slot)
    evidence.log.append(free)


@plant("no_event_missing")
def reader_heard_an_event_that_the_log_lost(evidence: Evidence) -> None:
    evidence.readers[0].heard.append(99)


@plant("no_event_missing")
def reader_heard_an_event_of_another_topic(evidence: Evidence) -> None:
    evidence.readers[1].heard.insert(0, 5)


@plant("no_event_missing")
def reader_missed_an_event(evidence: Evidence) -> None:
    evidence.readers[0].heard.remove(5)


@plant("no_event_missing")
def reader_missed_the_last_event(evidence: Evidence) -> None:
    evidence.readers[1].heard.pop()


@plant("no_event_missing")
def reader_heard_an_event_twice(evidence: Evidence) -> None:
    evidence.readers[0].heard.insert(3, evidence.readers[0].heard[3])


@plant("no_event_missing")
def reader_heard_events_out_of_order(evidence: Evidence) -> None:
    evidence.readers[0].heard.reverse()


@plant("no_event_missing")
def reader_was_reset(evidence: Evidence) -> None:
    evidence.readers[0].resets.append("too_old")


@plant("no_event_missing")
def reader_was_never_ready(evidence: Evidence) -> None:
    evidence.readers[0].after = None


@plant("no_request_hangs")
def request_got_no_answer(evidence: Evidence) -> None:
    evidence.callers[0].reads.append(Attempt("api-2", 3.0, 8.0, NO_ANSWER))


@plant("no_request_hangs")
def another_server_was_stopped(evidence: Evidence) -> None:
    evidence.callers[0].reads.append(Attempt("api-2", 3.0, 8.0, NO_ANSWER))
    evidence.silences.append(Silence("api-1", 2.0, 9.0))


@plant("no_request_hangs")
def server_lacked_a_cpu_for_a_moment(evidence: Evidence) -> None:
    evidence.callers[0].reads.append(Attempt("api-2", 3.0, 8.0, NO_ANSWER))
    evidence.silences.append(Silence("api-2", 4.0, 4.5, NO_CPU))


@plant("no_request_hangs")
def command_was_given_up(evidence: Evidence) -> None:
    evidence.callers[0].requests[1].status = None


@plant("no_internal_error")
def request_was_a_500(evidence: Evidence) -> None:
    evidence.callers[0].reads.append(Attempt("api-2", 3.0, 3.1, "500"))


@plant("no_process_ended_by_itself")
def process_ended(evidence: Evidence) -> None:
    evidence.unexpected.append("worker-1 ended by itself")


@plant("no_traceback_of_an_api")
def api_logged_a_traceback(evidence: Evidence) -> None:
    evidence.tracebacks.append("api-1.log:12")


def test_healthy_run_has_no_violation():
    assert judge(healthy()) == []


@pytest.mark.parametrize(("rule", "planted"), PLANTS, ids=[f.__name__ for _, f in PLANTS])
def test_planted_violation_is_found(rule: str, planted: Callable[[Evidence], None]):
    evidence = healthy()
    planted(evidence)
    assert rule in {violation.rule for violation in judge(evidence)}


def test_each_rule_has_a_planted_violation():
    assert {rule for rule, _ in PLANTS} == {rule.__name__.replace("_", " ") for rule in RULES}


def test_request_to_a_stopped_server_is_no_hang():
    evidence = healthy()
    evidence.callers[0].reads.append(Attempt("api-2", 3.0, 8.0, NO_ANSWER))
    evidence.silences.append(Silence("api-2", 7.0, 9.0))
    assert judge(evidence) == []


def test_request_to_a_server_without_a_cpu_is_no_hang():
    evidence = healthy()
    evidence.callers[0].reads.append(Attempt("api-2", 3.0, 8.0, NO_ANSWER))
    evidence.silences += [Silence("api-2", at, at + 0.6, NO_CPU) for at in (4.0, 6.0)]
    assert judge(evidence) == []


def test_503_is_no_internal_error():
    evidence = healthy()
    evidence.callers[0].reads.append(Attempt("api-2", 3.0, 3.1, "503"))
    assert judge(evidence) == []


def test_slow_reader_may_miss_states_of_a_slot_that_a_later_one_replaced():
    evidence = healthy()
    evidence.readers[1].heard.remove(evidence.log[-5].seq)
    assert judge(evidence) == []


def test_removed_event_is_for_the_old_dentist_alone():
    evidence = healthy()
    number = len(evidence.log) + 1
    evidence.log.append(Logged(number, "appointments", "appointment.removed", "moved", 3))
    assert judge(evidence) == []


def test_refused_hold_may_take_effect_later_if_an_earlier_attempt_had_no_answer():
    evidence = healthy()
    evidence.callers[0].requests.append(without_answer(refused_hold(ELEVEN, 15)))
    evidence.rows.append(replace(row(evidence, "expired"), id="nobody's", patient="another"))
    rules = {violation.rule for violation in judge(evidence)}
    assert "no unknown booking" not in rules


def test_refused_move_may_take_effect_later_if_an_earlier_attempt_had_no_answer():
    for start in (TEN, ELEVEN):
        evidence = healthy()
        move = request("move", "moved", 15, 409, slot=ELEVEN, code="slot_unavailable")
        evidence.callers[0].requests.append(without_answer(move))
        change(evidence, "moved", starts_at=start.starts_at)
        rules = {violation.rule for violation in judge(evidence)}
        assert "no answered booking lost" not in rules


def test_confirm_without_answer_may_have_taken_effect_or_not():
    for status in ("booked", "expired"):
        evidence = healthy()
        evidence.callers[0].requests.append(request("confirm", "expired", 8))
        evidence.callers[0].requests[-1].status = None
        change(evidence, "expired", status=status)
        rules = {violation.rule for violation in judge(evidence)}
        assert "no answered booking lost" not in rules
