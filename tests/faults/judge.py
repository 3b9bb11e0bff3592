"""Decides whether a run lost or broke anything. Pure: it judges what was noted and read.

Each rule returns a line for each violation. Callers know for certain only what was answered: a
request without a definite answer may have taken effect or not.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.faults import lives
from tests.faults.answers import (
    TOO_LATE,
    no_internal_error,
    no_process_ended_by_itself,
    no_request_hangs,
    no_traceback_of_an_api,
    no_unexplained_refusal,
)
from tests.faults.delivery import (
    each_change_has_one_event,
    last_board_event_is_as_the_rows,
    no_event_missing,
)
from tests.faults.evidence import COMPLETED, LIVE, RUNNING, Evidence, Row, Step
from tests.faults.history import Slot
from tests.faults.lives import Claim

TERMINAL = frozenset({"released", "expired", "cancelled"})


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    detail: str


def judge(evidence: Evidence) -> list[Violation]:
    """All violations of all rules."""
    return [
        Violation(rule.__name__.replace("_", " "), detail)
        for rule in RULES
        for detail in rule(evidence)
    ]


def no_double_booking(evidence: Evidence) -> Iterator[str]:
    """No two bookings had the same time of a dentist at the same moment, as their callers were
    told; and none have it at the end, of dentist or patient.
    """
    last: dict[Slot, Claim] = {}
    claims = [claim for life in lives.of(evidence.callers) for claim in life.claims()]
    for claim in sorted(claims, key=lambda claim: claim.since):
        before = last.get(claim.slot)
        if before and before.booking != claim.booking and claim.since < before.until:
            yield f"{before.booking} and {claim.booking} both had {claim.slot}"
        if before is None or before.until < claim.until:
            last[claim.slot] = claim
    for owner in ("dentist", "patient"):
        yield from _overlaps([row for row in evidence.rows if row.status in LIVE], owner)


def no_answered_booking_lost(evidence: Evidence) -> Iterator[str]:
    """Each row is as the last definite answer to its caller said."""
    rows = {row.id: row for row in evidence.rows}
    for life in lives.of(evidence.callers):
        row, expected = rows.get(life.id), life.ends()
        if row is None:
            yield f"{life.id} was answered, but has no row"
        elif row.status not in expected.statuses:
            wanted = " or ".join(sorted(expected.statuses))
            yield f"{life.id} is {row.status}, but must be {wanted}"
        elif (has := Slot(row.dentist, row.starts_at)) not in expected.slots:
            yield f"{life.id} has {has}, but must have one of {set(expected.slots)}"


def no_unknown_booking(evidence: Evidence) -> Iterator[str]:
    """Each row belongs to an answered hold: no refused hold and no repeat has taken effect. A hold
    that had an attempt without a definite answer may have made one row, whose hold then expired.
    """
    answered = {life.id for life in lives.of(evidence.callers)}
    requests = [request for caller in evidence.callers for request in caller.requests]
    maybe = Counter(each.slot for each in requests if each.verb == "hold" and each.may_take_effect)
    for row in evidence.rows:
        if row.id in answered:
            continue
        slot = Slot(row.dentist, row.starts_at)
        if maybe[slot] == 0:
            yield f"{row.id} belongs to no hold: {slot}"
        elif row.status != "expired":
            yield f"{row.id} is {row.status}, but no caller knows of its hold"
        maybe[slot] -= 1


def every_hold_ended_once(evidence: Evidence) -> Iterator[str]:
    """Versions have no gaps, each step begins where the last one ended, holds end exactly once,
    and nothing follows a terminal state.
    """
    steps: dict[str, list[Step]] = {row.id: [] for row in evidence.rows}
    for step in sorted(evidence.steps, key=lambda step: step.version):
        steps.setdefault(step.booking, []).append(step)
    for row in evidence.rows:
        yield from _wrong_steps(row, steps[row.id])


def none_released_early(evidence: Evidence) -> Iterator[str]:
    """No hold expired before its deadline, neither that of its row nor that its caller was told,
    and no caller was refused as too late before it.
    """
    deadlines = {row.id: row.deadline for row in evidence.rows}
    found = lives.of(evidence.callers)
    for life in found:
        deadlines[life.id] = max(life.deadline, deadlines.get(life.id, 0))
    for step in evidence.steps:
        if step.after == "expired" and step.at < deadlines.get(step.booking, 0):
            yield f"{step.booking} expired {deadlines[step.booking] - step.at:.3f} s early"
    for life in found:
        for request in life.requests:
            if request.code in TOO_LATE and request.ended < life.deadline:
                yield f"{life.id}: {request.verb} refused as too late before the deadline"


def no_orphan(evidence: Evidence) -> Iterator[str]:
    """A live booking has a running workflow; an ended one a completed workflow whose result is its
    row; every workflow has a row.
    """
    yield from evidence.disagreements
    rows = {row.id: row for row in evidence.rows}
    yield from (f"{id}: workflow without row" for id in evidence.workflows if id not in rows)
    for row in evidence.rows:
        workflow = evidence.workflows.get(row.id)
        if workflow is None:
            yield f"{row.id}: {row.status}, but without workflow"
        elif workflow.state != (RUNNING if row.status in LIVE else COMPLETED):
            yield f"{row.id}: {row.status}, but workflow {workflow.state}"
        elif workflow.state == COMPLETED and (
            (workflow.status, workflow.version) != (row.status, row.version)
        ):
            result = f"{workflow.status} {workflow.version}"
            yield f"{row.id}: {row.status} {row.version}, but workflow's result {result}"


def _overlaps(rows: list[Row], owner: str) -> Iterator[str]:
    rows = sorted(rows, key=lambda row: (getattr(row, owner), row.starts_at))
    for first, second in pairwise(rows):
        if getattr(first, owner) == getattr(second, owner) and second.starts_at < first.ends_at:
            yield f"{first.id} and {second.id} overlap for {owner} {getattr(first, owner)}"


def _wrong_steps(row: Row, steps: list[Step]) -> Iterator[str]:
    if [step.version for step in steps] != list(range(1, row.version + 1)):
        yield f"{row.id}: versions {[step.version for step in steps]}, row {row.version}"
        return
    states = [None, *(step.after for step in steps)]
    if [step.before for step in steps] != states[:-1]:
        yield f"{row.id}: steps do not follow each other: {[s.verb for s in steps]}"
    if states[-1] != row.status:
        yield f"{row.id}: last step leads to {states[-1]}, row is {row.status}"
    if TERMINAL & set(states[1:-1]):
        yield f"{row.id}: a step follows a terminal state: {states[1:]}"
    ends = sum(1 for step in steps if step.before == "held" and step.after != "held")
    if row.status == "held" or ends != 1:
        yield f"{row.id}: its hold ended {ends} times, row is {row.status}"


RULES: list[Callable[[Evidence], Iterator[str]]] = [
    no_double_booking,
    no_answered_booking_lost,
    no_unknown_booking,
    every_hold_ended_once,
    none_released_early,
    no_unexplained_refusal,
    no_orphan,
    each_change_has_one_event,
    last_board_event_is_as_the_rows,
    no_event_missing,
    no_request_hangs,
    no_internal_error,
    no_process_ended_by_itself,
    no_traceback_of_an_api,
]
