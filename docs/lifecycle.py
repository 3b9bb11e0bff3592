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

A booking starts as a *hold*: its slot is kept for minutes. It is confirmed before the deadline, or
it ends by itself. One table in `domain/booking.py` says which verb leads where; Postgres carries it
out as a compare-and-set, the booking's workflow makes sure that what is due happens, and this page
is drawn from it.
"""

RULES_OF_THE_TABLE = """\
- **Terminal states never change.** Their slot is free again, and their row stays.
- **Repeating is harmless.** The same command again (same id or `Idempotency-Key`) is answered with
  the booking as it is now; so is a command whose end the booking is in already.
- **Anything else is refused** as `invalid_transition`, with `current` and `allowed`.
- **Deadlines are judged by the database's clock**, at the moment of the change. An overdue hold
  counts as free at once, whether or not a worker is alive to expire it.
- **A deadline ends at the visit's start at the latest.** So no hold is confirmed, and no request
  approved, once the visit has begun. The one exception is a walk-in, which staff book after its
  start.
- A request that waits for approval can be withdrawn without notice.
- Patients and agents change what is theirs. What they move needs approval if the visit needs it
  after the move, by the terms it was booked under or, where its type changes, by those of the new
  type; otherwise it is booked. What staff move stays approved if it was, and a request that they
  move stays one unless the visit needs no approval after the move: then it is booked.
- `expire` is nobody's command: the workflow's timer carries it out, or the sweep of overdue holds,
  or whoever takes the slot.
- `hold` makes the booking. `lapse` changes no status: it flags a visit that nobody completed within
  a day of its end.
- `assign_chair` changes no status either: a `held`, `pending_approval` or `booked` visit that has
  not begun gets another chair at the same time, so that another visit finds one.
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
        "## What holds for all of it\n\n" + RULES_OF_THE_TABLE,
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
        for move in rule.moves.items():
            arrows.setdefault(move, []).append(label)
        for move in (rule.moves_approval or {}).items():
            if move not in rule.moves.items():
                arrows.setdefault(move, []).append(f"{label} (needs approval)")
    return arrows


def _verbs() -> Iterator[str]:
    yield "| verb | who | from | to | where the type needs approval | when |"
    yield "|---|---|---|---|---|---|"
    yield f"| `{Verb.HOLD}` | {_who(Verb.HOLD)} | | `{Status.HELD}` | | |"
    for verb, rule in RULES.items():
        for before, after in rule.moves.items():
            approval = (rule.moves_approval or rule.moves).get(before, after)
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
