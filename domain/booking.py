"""The lifecycle of a booking: its states, its verbs, and the transition table.

All rules about transitions are in this file. The database applies them by compare-and-set
(`booking_change` in migrations/), the diagram in docs/ is drawn from the table, and tests walk it.
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
    ASSIGN_CHAIR = "assign_chair"


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
    """Whether a verb is allowed before or after the deadline of the state it leaves (the hold's, or
    the approval's).
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
    """The transitions of one verb: `moves` from status to status; `moves_approval` replaces it if
    the type needs approval, and `moves_approval_staff` replaces that for staff.
    """

    moves: Mapping[Status, Status]
    moves_approval: Mapping[Status, Status] | None = None
    moves_approval_staff: Mapping[Status, Status] | None = None
    deadline: Deadline = Deadline.ANY
    earliest: Earliest | None = None
    """Null: at any time."""

    def leading(self, *, staff: bool, approval: bool) -> Mapping[Status, Status]:
        """The transitions for staff or others, with or without approval."""
        if not approval:
            return self.moves
        if staff and self.moves_approval_staff is not None:
            return self.moves_approval_staff
        return self.moves if self.moves_approval is None else self.moves_approval


LIVE = frozenset(
    {
        Status.HELD,
        Status.PENDING_APPROVAL,
        Status.BOOKED,
        Status.CHECKED_IN,
        Status.IN_TREATMENT,
    }
)
"""States that occupy time. All others are terminal and never change."""

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
"""The transition table. It excludes `hold`, which creates the booking, and `lapse` and
`assign_chair`, by which the system changes no status.
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
    """The outcome of a command. After `DONE`, `REPEAT` and `SAME` the booking is in the state that
    the command asked for.
    """

    DONE = "done"
    REPEAT = "repeat"
    SAME = "same"
    KEY_REUSED = "key_reused"
    INVALID = "invalid"
    EXPIRED = "expired"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    EXTENDED_ENOUGH = "extended_enough"
    VERSION = "version"
    NOT_HOLDER = "not_holder"
    NOT_FOUND = "not_found"
    NOT_VISIBLE = "not_visible"
    """A repeat of a command whose booking the caller may no longer see."""
    SLOT = "slot"
    PATIENT_OVERLAP = "patient_overlap"
    QUOTA = "quota"
    BOOKING_QUOTA = "booking_quota"
    COOLDOWN = "cooldown"
    NO_CHAIR = "no_chair"
    NOT_OFFERED = "not_offered"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"


def allowed(status: Status) -> list[Verb]:
    """The verbs that callers may use in this state, in the table's order."""
    return [v for v, rule in RULES.items() if status in rule.moves and v is not Verb.EXPIRE]


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
