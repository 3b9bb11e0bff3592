"""What a run found, in lines for people."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.faults import lives
from tests.faults.collect import Agreement
from tests.faults.evidence import Evidence
from tests.faults.history import NO_ANSWER, STOPPED
from tests.faults.judge import Violation
from tests.faults.plan import Fault, Kind

SHOWN = 5
"""Violations of each rule that are printed whole."""


@dataclass(slots=True)
class Run:
    """What happened beside the evidence."""

    seed: int
    seconds: float
    faults: Sequence[Fault]
    skipped: dict[Kind, str]
    agreed: Agreement


def lines(run: Run, evidence: Evidence, violations: Sequence[Violation]) -> Iterator[str]:
    """The report."""
    yield f"seed {run.seed}, {run.seconds / 60:.1f} minutes of load and faults"
    kinds = Counter(fault.kind for fault in run.faults)
    yield f"faults: {len(run.faults)}"
    yield from (f"  {count:4d}  {kind}" for kind, count in sorted(kinds.items()))
    yield from (f"  skipped: {kind}: {why}" for kind, why in run.skipped.items())
    yield from _load(evidence)
    yield from _lateness(evidence)
    last = f"; the last: {', '.join(run.agreed.last)}" if run.agreed.last else ""
    yield f"all agreed {run.agreed.after:.1f} s after the last fault was healed{last}"
    yield from _violations(violations)


def _load(evidence: Evidence) -> Iterator[str]:
    requests = [request for caller in evidence.callers for request in caller.requests]
    attempts = [attempt for caller in evidence.callers for attempt in caller.attempts]
    ends = Counter(row.status for row in evidence.rows)
    yield f"bookings: {len(evidence.rows)}: {_counted(ends)}"
    yield f"workflows: {_counted(Counter(w.state for w in evidence.workflows.values()))}"
    refused = Counter(f"{each.verb} {each.code}" for each in requests if each.refused)
    yield f"commands: {len(requests)}; refused: {_counted(refused)}"
    failed = Counter(each.result for each in attempts if not each.result.startswith(("2", "4")))
    yield f"requests: {len(attempts)}; without a definite answer: {_counted(failed)}"
    hung = sum(1 for each in attempts if each.result == NO_ANSWER and evidence.stopped(each))
    yield f"requests without answer while their server was stopped or had no CPU: {hung}"
    starved = [each for each in evidence.silences if each.cause != STOPPED]
    seconds = sum(each.until - each.since for each in starved)
    yield f"servers and callers without CPU: {seconds:.0f} s in all"
    running = [each for each in attempts if not evidence.stopped(each)]
    slow = max((each.ended - each.sent for each in running if each.result.isdigit()), default=0)
    yield f"slowest answer of a server that could run: {slow:.2f} s"
    longest = max((each.ended - each.sent for each in requests), default=0)
    yield f"longest time from a command's first attempt to its definite answer: {longest:.1f} s"
    heard = ", ".join(f"{each.name} {len(each.heard)}" for each in evidence.readers)
    yield f"events: {len(evidence.log)}; heard by {heard}"


def _lateness(evidence: Evidence) -> Iterator[str]:
    deadlines = {row.id: row.deadline for row in evidence.rows}
    late = sorted(
        step.at - deadlines[step.booking] for step in evidence.steps if step.verb == "expire"
    )
    if late:
        yield (
            f"holds that expired: {len(late)}; late by {late[len(late) // 2]:.2f} s (median),"
            f" {late[-1]:.2f} s (worst)"
        )
    known = {life.id for life in lives.of(evidence.callers)}
    unknown = sum(1 for row in evidence.rows if row.id not in known)
    yield f"holds that took effect although their callers had left, and expired: {unknown}"


def _violations(violations: Sequence[Violation]) -> Iterator[str]:
    rules: dict[str, list[str]] = {}
    for violation in violations:
        rules.setdefault(violation.rule, []).append(violation.detail)
    yield f"violations: {len(violations)}"
    for rule, details in rules.items():
        yield f"  {rule}: {len(details)}"
        yield from (f"    {detail}" for detail in details[:SHOWN])


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common()) or "none"
