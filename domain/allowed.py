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
class BookingFacts:
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


def allowed(facts: BookingFacts, within: Scope, now: datetime) -> tuple[Verb, ...]:
    """The verbs that a caller with this scope may use, in the table's order. Agents are assumed to
    send the hold token.
    """
    if within.patient_id and facts.made_by_agent and facts.status is Status.HELD:
        return ()
    possible = booking.allowed(facts.status)
    return tuple(verb for verb in possible if _is_allowed(verb, facts, within, now))


def _is_allowed(verb: Verb, facts: BookingFacts, within: Scope, now: datetime) -> bool:
    if not may_use(verb, staff=within.by_staff):
        return False
    if RULES[verb].deadline is Deadline.BEFORE and facts.deadline and facts.deadline <= now:
        return False
    earliest = earliest_use(verb, facts.starts_at, facts.time_zone)
    if earliest and now < earliest:
        return False
    if verb is Verb.EXTEND and facts.extensions >= MAX_EXTENSIONS:
        return False
    if within.by_staff or verb not in NOTICE or facts.status in NOTICE[verb]:
        return True
    return now <= facts.notice_deadline
