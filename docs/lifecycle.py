"""Writes docs/lifecycle.md from the transition table: `python -m docs.lifecycle`.

A test keeps the page equal to the table.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from domain.booking import LIVE, OPEN_TO_ALL, RULES, Deadline, Earliest, Status, Verb, allowed

PAGE = Path(__file__).with_suffix(".md")

INTRODUCTION = """\
# The life of a booking

<!-- Written by `python -m docs.lifecycle` from domain/booking.py: edit the table there. -->

A booking starts as a *hold*: its slot is kept for some minutes. It is confirmed before its deadline
or expires. The transition table in `domain/booking.py` says which verb leads to which state.
Postgres applies it by compare-and-set, the booking's workflow acts on deadlines, and this page is
generated from it.
"""

RULES_OF_THE_TABLE = """\
- **Terminal states never change.** The slot is free again; the row is kept.
- **Repeats change nothing.** The same command again (same id or `Idempotency-Key`) is answered with
  the booking's present state; so is a command if the booking is already in the state it leads to.
- **All other commands are refused** as `invalid_transition`, with `current` and `allowed`.
- **Deadlines are checked by the database's clock**, at the moment of the change. The slot of an
  overdue hold is free at once, even if no worker runs.
- **No deadline is later than the visit's start.** So no hold is confirmed and no request approved
  after the visit has begun. The only exception is a walk-in, which staff book after its start.
- A request that waits for approval can be withdrawn without notice.
- Patients and agents change only their own bookings. After a move by them, the visit needs approval
  if its terms say so: the terms it was booked under or, if its type changes, those of the new type.
  Otherwise it is booked. A move by staff keeps the approval. A request that staff move stays a
  request, unless the visit needs no approval after the move: then it is booked.
- No caller can send `expire`. The workflow's timer runs it, or the sweep of overdue holds, or a
  command that takes the slot.
- `hold` creates the booking. `lapse` changes no status: it flags a visit that was not completed
  within a day of its end.
- `assign_chair` changes no status either: a `held`, `pending_approval` or `booked` visit that has
  not begun moves to another chair at the same time, to make room for another visit.
"""

DEADLINES = {
    Deadline.ANY: "",
    Deadline.BEFORE: "before the deadline",
    Deadline.AFTER: "after the deadline",
}
OPENS = {
    None: "",
    Earliest.VISIT_DAY: "from the clinic's day of the visit on",
    Earliest.VISIT_START: "from the start of the visit on",
}
WITH_DEADLINE = (Status.HELD, Status.PENDING_APPROVAL)


def page() -> str:
    """The whole page."""
    parts = (
        INTRODUCTION,
        "```mermaid\n" + "\n".join(_diagram()) + "\n```\n",
        "## What a verb does\n\n" + "\n".join(_verbs()) + "\n",
        "## What a state allows\n\n" + "\n".join(_states()) + "\n",
        "## Rules\n\n" + RULES_OF_THE_TABLE,
    )
    return "\n".join(parts)


def _diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {Status.HELD}: {Verb.HOLD}"
    for (before, after), labels in _arrows().items():
        yield f"    {before} --> {after}: {', '.join(labels)}"
    for status in Status:
        if status not in LIVE:
            yield f"    {status} --> [*]"


def _arrows() -> Mapping[tuple[Status, Status], list[str]]:
    """One arrow for each pair of states, with all that leads along it."""
    arrows: dict[tuple[Status, Status], list[str]] = {}
    for verb, rule in RULES.items():
        label = "the timer" if verb is Verb.EXPIRE else _words(verb)
        for move in rule.transitions.items():
            arrows.setdefault(move, []).append(label)
        for move in (rule.transitions_with_approval or {}).items():
            if move not in rule.transitions.items():
                arrows.setdefault(move, []).append(f"{label} (needs approval)")
    return arrows


def _verbs() -> Iterator[str]:
    yield "| verb | who | from | to | where the type needs approval | when |"
    yield "|---|---|---|---|---|---|"
    yield f"| `{Verb.HOLD}` | {_who(Verb.HOLD)} | | `{Status.HELD}` | | |"
    for verb, rule in RULES.items():
        for before, after in rule.transitions.items():
            approval = (rule.transitions_with_approval or rule.transitions).get(before, after)
            other = f"`{approval}`" if approval is not after else ""
            when = DEADLINES[rule.deadline] if before in WITH_DEADLINE else OPENS[rule.earliest]
            yield f"| `{verb}` | {_who(verb)} | `{before}` | `{after}` | {other} | {when} |"


def _states() -> Iterator[str]:
    yield "| state | | verbs |"
    yield "|---|---|---|"
    for status in Status:
        verbs = ", ".join(f"`{verb}`" for verb in allowed(status))
        yield f"| `{status}` | {'claims its time' if status in LIVE else 'terminal'} | {verbs} |"


def _who(verb: Verb) -> str:
    if verb is Verb.EXPIRE:
        return "the clock"
    return "patients, agents, staff" if verb in OPEN_TO_ALL else "staff"


def _words(name: str) -> str:
    return name.replace("_", " ")


if __name__ == "__main__":
    PAGE.write_text(page())
