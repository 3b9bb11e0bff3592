"""The verbs that a caller may use on a booking now: by state, time and rights.

Postgres applies the same rules when it runs the command (`booking_change` and `booking_move`); a
test compares the two for every verb, state and role.
"""

from dataclasses import dataclass
from datetime import datetime

from domain import booking
from domain.actors import Scope
from domain.booking import MAX_EXTENSIONS, RULES, Deadline, Status, Verb, earliest_use
from domain.rights import may_use

NOTICE: dict[Verb, frozenset[Status]] = {
    Verb.CANCEL: frozenset({Status.HELD, Status.PENDING_APPROVAL}),
    Verb.RESCHEDULE: frozenset(),
}
"""Verbs that need the cancel notice, each with the states in which it does not."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts about a booking that decide which verbs can be used."""

    status: Status
    starts_at: datetime
    time_zone: str
    deadline: datetime | None
    """The deadline of the hold or approval request; null in other states."""
    notice_deadline: datetime
    """When patients and agents can no longer cancel or move the visit."""
    extensions: int
    made_by_agent: bool
    """While it is held, only the agent's hold token can change it, besides staff."""


def allowed(standing: Standing, seen: Scope, now: datetime) -> tuple[Verb, ...]:
    """The verbs that a caller with this scope may use, in the table's order. Agents are assumed to
    send the hold token.
    """
    if seen.patient_id and standing.made_by_agent and standing.status is Status.HELD:
        return ()
    possible = booking.allowed(standing.status)
    return tuple(verb for verb in possible if _is_allowed(verb, standing, seen, now))


def _is_allowed(verb: Verb, standing: Standing, seen: Scope, now: datetime) -> bool:
    if not may_use(verb, staff=seen.by_staff):
        return False
    if RULES[verb].deadline is Deadline.BEFORE and standing.deadline and standing.deadline <= now:
        return False
    earliest = earliest_use(verb, standing.starts_at, standing.time_zone)
    if earliest and now < earliest:
        return False
    if verb is Verb.EXTEND and standing.extensions >= MAX_EXTENSIONS:
        return False
    if seen.by_staff or verb not in NOTICE or standing.status in NOTICE[verb]:
        return True
    return now <= standing.notice_deadline
