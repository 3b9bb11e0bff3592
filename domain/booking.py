"""The lifecycle of a booking: its states, its verbs, and the transition table.

A verb is a command on a booking. `RULES` says from which states it is allowed, to which state it
leads, and when. Postgres applies a rule by compare-and-set (`booking_change` in migrations/): the
rules are passed to it, and are written nowhere else. docs/lifecycle.md is generated from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from domain.zones import days

MAX_EXTENSIONS = 2
"""How often one hold may be extended."""

LAPSE_AFTER = timedelta(hours=24)
"""How long after its end an uncompleted visit is flagged for staff."""


class Status(StrEnum):
    HELD = "held"
    PENDING_APPROVAL = "pending_approval"
    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    IN_TREATMENT = "in_treatment"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    RELEASED = "released"
    EXPIRED = "expired"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class Verb(StrEnum):
    HOLD = "hold"
    CONFIRM = "confirm"
    EXTEND = "extend"
    RELEASE = "release"
    EXPIRE = "expire"
    APPROVE = "approve"
    DECLINE = "decline"
    RESCHEDULE = "reschedule"
    EDIT = "edit"
    CHECK_IN = "check_in"
    START = "start"
    COMPLETE = "complete"
    NO_SHOW = "no_show"
    CANCEL = "cancel"
    LAPSE = "lapse"
    """The system flags a visit that nobody completed within LAPSE_AFTER of its end."""
    ASSIGN_CHAIR = "assign_chair"
    """The system gives a visit another chair, to make room for a new one."""


class CancelReason(StrEnum):
    """Why a booking was cancelled: a closed list for statistics. Free text goes into the note."""

    PATIENT_REQUEST = "patient_request"
    ILL = "ill"
    CLINIC_REQUEST = "clinic_request"
    DENTIST_ABSENT = "dentist_absent"
    UNCONFIRMED = "unconfirmed"
    """The patient did not confirm that they would come."""
    DUPLICATE = "duplicate"
    OTHER = "other"


class Deadline(StrEnum):
    """Whether a verb is allowed before or after the deadline of the booking's present state. Only
    `held` and `pending_approval` have a deadline; in other states a verb is allowed at any time.
    """

    ANY = "any"
    BEFORE = "before"
    AFTER = "after"


class Earliest(StrEnum):
    """The earliest time at which a verb can be used, relative to the visit."""

    VISIT_DAY = "day"
    """From the beginning of the visit's calendar day at the clinic."""
    VISIT_START = "start"
    """From the start of the visit."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The transitions of one verb, from status to status. `transitions_with_approval` replaces
    `transitions` if the appointment type needs approval by staff;
    `transitions_with_approval_by_staff` replaces both if staff use the verb then.
    """

    transitions: Mapping[Status, Status]
    transitions_with_approval: Mapping[Status, Status] | None = None
    transitions_with_approval_by_staff: Mapping[Status, Status] | None = None
    deadline: Deadline = Deadline.ANY
    earliest: Earliest | None = None
    """Null: at any time."""

    def transitions_for(self, *, staff: bool, approval: bool) -> Mapping[Status, Status]:
        """`staff`: whether staff use the verb. `approval`: whether the type needs approval."""
        if not approval or self.transitions_with_approval is None:
            return self.transitions
        if staff and self.transitions_with_approval_by_staff is not None:
            return self.transitions_with_approval_by_staff
        return self.transitions_with_approval


LIVE = frozenset(
    {
        Status.HELD,
        Status.PENDING_APPROVAL,
        Status.BOOKED,
        Status.CHECKED_IN,
        Status.IN_TREATMENT,
    }
)
"""States that occupy time of dentist, patient and chair. All others are terminal: no verb leaves
them.
"""

RULES: Mapping[Verb, Rule] = {
    Verb.CONFIRM: Rule(
        {Status.HELD: Status.BOOKED},
        {Status.HELD: Status.PENDING_APPROVAL},
        deadline=Deadline.BEFORE,
    ),
    Verb.EXTEND: Rule({Status.HELD: Status.HELD}, deadline=Deadline.BEFORE),
    Verb.RELEASE: Rule({Status.HELD: Status.RELEASED}),
    Verb.EXPIRE: Rule(
        {Status.HELD: Status.EXPIRED, Status.PENDING_APPROVAL: Status.DECLINED},
        deadline=Deadline.AFTER,
    ),
    Verb.APPROVE: Rule({Status.PENDING_APPROVAL: Status.BOOKED}, deadline=Deadline.BEFORE),
    Verb.DECLINE: Rule({Status.PENDING_APPROVAL: Status.DECLINED}),
    Verb.RESCHEDULE: Rule(
        # The terms after the move decide whether it needs approval.
        {Status.PENDING_APPROVAL: Status.BOOKED, Status.BOOKED: Status.BOOKED},
        {Status.PENDING_APPROVAL: Status.PENDING_APPROVAL, Status.BOOKED: Status.PENDING_APPROVAL},
        # A move by staff keeps the approval, even if the new terms need one.
        {Status.PENDING_APPROVAL: Status.PENDING_APPROVAL, Status.BOOKED: Status.BOOKED},
        deadline=Deadline.BEFORE,
    ),
    Verb.EDIT: Rule(
        {status: status for status in Status if status in LIVE}, deadline=Deadline.BEFORE
    ),
    Verb.CHECK_IN: Rule({Status.BOOKED: Status.CHECKED_IN}, earliest=Earliest.VISIT_DAY),
    Verb.START: Rule({Status.CHECKED_IN: Status.IN_TREATMENT}),
    Verb.COMPLETE: Rule({Status.IN_TREATMENT: Status.COMPLETED}),
    Verb.NO_SHOW: Rule({Status.BOOKED: Status.NO_SHOW}, earliest=Earliest.VISIT_START),
    Verb.CANCEL: Rule(
        {
            Status.HELD: Status.CANCELLED,
            Status.PENDING_APPROVAL: Status.CANCELLED,
            Status.BOOKED: Status.CANCELLED,
            Status.CHECKED_IN: Status.CANCELLED,
        }
    ),
}
"""The transition table. `hold` is not in it, as it creates the booking; nor are `lapse` and
`assign_chair`, as they do not change the status.
"""

OPEN_TO_ALL = frozenset(
    {
        Verb.HOLD,
        Verb.CONFIRM,
        Verb.EXTEND,
        Verb.RELEASE,
        Verb.RESCHEDULE,
        Verb.EDIT,
        Verb.CANCEL,
    }
)
"""Verbs that patients and agents may use on their own bookings. All others are for staff."""


class Outcome(StrEnum):
    """The outcome of a command. After the first three the command has taken effect, though a repeat
    may find that the booking has changed since. The others are refusals, which change nothing.
    """

    DONE = "done"
    REPEAT = "repeat"  # this command was carried out before (by its id or idempotency key)
    SAME = "same"  # the booking is in this state already, by another command

    KEY_REUSED = "key_reused"  # another request had the same idempotency key
    NOT_FOUND = "not_found"  # does not exist, or the caller may not see it
    NOT_VISIBLE = "not_visible"  # a repeat, but the caller may no longer see its booking
    NOT_HOLDER = "not_holder"  # the hold token is missing or wrong
    INVALID = "invalid"  # the transition table has no such transition
    VERSION = "version"  # the booking has changed since the expected version
    EXPIRED = "expired"  # after the deadline of the hold or approval
    TOO_EARLY = "too_early"  # before the rule's `earliest`, or `expire` before the deadline
    TOO_LATE = "too_late"  # after the cancel notice began, which binds patients and agents
    EXTENDED_ENOUGH = "extended_enough"  # MAX_EXTENSIONS is reached

    SLOT = "slot"  # the dentist is held or booked at this time
    PATIENT_OVERLAP = "patient_overlap"  # the patient has another visit at this time
    NO_CHAIR = "no_chair"
    NOT_OFFERED = "not_offered"  # outside hours, grid, lead time or horizon
    QUOTA = "quota"  # the patient has too many holds
    BOOKING_QUOTA = "booking_quota"  # the patient has too many upcoming visits
    CONVERSATION_QUOTA = "conversation_quota"  # the conversation has too many holds
    AGENT_QUOTA = "agent_quota"  # the agent has too many holds
    DENTIST_DAY_QUOTA = "dentist_day_quota"  # agents have too many holds on the dentist's day
    COOLDOWN = "cooldown"  # the patient gave up holds of this time too often

    MALFORMED = "malformed"  # through Temporal only: the message cannot be read
    UNKNOWN = "unknown"  # through Temporal: no such verb; of a move: no such dentist or type


def allowed(status: Status) -> list[Verb]:
    """The verbs that callers may use in this state, in the table's order."""
    return [v for v, rule in RULES.items() if status in rule.transitions and v is not Verb.EXPIRE]


def earliest_use(verb: Verb, starts_at: datetime, time_zone: str) -> datetime | None:
    """The first instant at which the verb can be used on a visit; None if there is no limit."""
    match RULES[verb].earliest:
        case None:
            return None
        case Earliest.VISIT_START:
            return starts_at
        case Earliest.VISIT_DAY:
            day = starts_at.astimezone(ZoneInfo(time_zone)).date()
            return days(time_zone, day, day)[0].starts_at
        case _ as never:
            assert_never(never)
