"""Access rights: one table of all routes by name. The API enforces it, and a test walks it.

`OWN` means for bookings those in `domain.actors.scope`; for profiles the caller's own, those they
created, a dentist's patients, those of a receptionist's clinics, and patients who granted an agent
access; for schedules the dentist's own or those of the receptionist's clinics; for new bookings
those that `may_book_at` allows. All else is answered like a missing row.
"""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from domain.actors import Actor, Role
from domain.booking import OPEN_TO_ALL, Verb


class Right(StrEnum):
    NONE = "none"
    OWN = "own"
    ALL = "all"


Row = Mapping[Role, Right]


def _row(
    patient: Right,
    dentist: Right,
    agent: Right,
    admin: Right = Right.ALL,
    desk: Right | None = None,
) -> Row:
    """`desk`: as dentists, unless said otherwise."""
    return {
        Role.DESK: dentist if desk is None else desk,
        Role.PATIENT: patient,
        Role.DENTIST: dentist,
        Role.AGENT: agent,
        Role.ADMIN: admin,
    }


EVERYONE = _row(Right.ALL, Right.ALL, Right.ALL)
ONES_OWN = _row(Right.OWN, Right.OWN, Right.OWN)
STAFF = _row(Right.NONE, Right.ALL, Right.NONE)
DENTIST_OWN = _row(Right.NONE, Right.OWN, Right.NONE)
DESK_OWN = _row(Right.NONE, Right.NONE, Right.NONE, desk=Right.OWN)
NO_PATIENT = _row(Right.NONE, Right.OWN, Right.OWN)
PATIENT_OWN = _row(Right.OWN, Right.NONE, Right.NONE, admin=Right.NONE)
AGENT_OWN = _row(Right.NONE, Right.NONE, Right.OWN)
ADMIN = _row(Right.NONE, Right.NONE, Right.NONE)


def _verbs(*verbs: Verb) -> dict[str, Row]:
    """Rows of routes named after a verb, according to OPEN_TO_ALL in domain/booking.py."""
    return {str(verb): ONES_OWN if verb in OPEN_TO_ALL else DENTIST_OWN for verb in verbs}


PUBLIC = frozenset(
    {"list_dentists", "get_dentist", "list_types", "get_type", "list_clinics", "get_clinic"}
    | {"search_slots", "list_slots", "explain_slot"}
    | {"get_config", "llms", "livez", "readyz", "health", "version", "protected_resource"}
)
"""Routes that need no token. Staff who send one are shown the times that staff may book."""

TOKEN_OPTIONAL = frozenset({"stream_events", "find_slots"})
"""Routes that need no token: streams, for public topics, and the verb that only searches. A token
that is sent must be valid.
"""

RIGHTS: Mapping[str, Row] = {
    # bookings
    "create": ONES_OWN,
    "list_appointments": ONES_OWN,
    "get": ONES_OWN,
    "history": ONES_OWN,
    "calendar_file": ONES_OWN,
    "update": ONES_OWN,
    "delete": ONES_OWN,
    "reserve": ONES_OWN,
    **_verbs(Verb.CONFIRM, Verb.CANCEL, Verb.EXTEND, Verb.RELEASE, Verb.APPROVE, Verb.DECLINE),
    **_verbs(Verb.CHECK_IN, Verb.START, Verb.COMPLETE, Verb.NO_SHOW),
    # the verbs of a conversation
    "find_slots": EVERYONE,
    "hold_slot": ONES_OWN,
    "confirm_booking": ONES_OWN,
    "cancel_booking": ONES_OWN,
    "reschedule_booking": ONES_OWN,
    "get_booking": ONES_OWN,
    "mcp": ONES_OWN,
    # slots and schedules
    "get_schedule": EVERYONE,
    "replace_schedule": DENTIST_OWN,
    "get_clinic_exceptions": EVERYONE,
    "replace_clinic_exceptions": DESK_OWN,
    # people
    "get_me": EVERYONE,
    "update_me": EVERYONE,
    "list_agents": PATIENT_OWN,
    "grant_agent": PATIENT_OWN,
    "revoke_agent": PATIENT_OWN,
    "list_linked_patients": PATIENT_OWN,
    "create_linked_patient": PATIENT_OWN,
    "rename_linked_patient": PATIENT_OWN,
    "remove_linked_patient": PATIENT_OWN,
    "list_profiles": NO_PATIENT,
    "create_profile": NO_PATIENT,
    "get_profile": NO_PATIENT,
    "update_profile": NO_PATIENT,
    "erase_profile": ADMIN,
    # places
    "create_clinic": ADMIN,
    "update_clinic": ADMIN,
    "create_type": ADMIN,
    "update_type": ADMIN,
    "list_resources": STAFF,
    "get_resource": STAFF,
    "create_resource": ADMIN,
    "update_resource": ADMIN,
    # events
    "stream_events": ONES_OWN,
    "stream_appointment": ONES_OWN,
    "buy_ticket": ONES_OWN,
    "read_event_log": ONES_OWN,
    "watch_realtime": ADMIN,
    "open_tools": ADMIN,
    "check_tools": ADMIN,
    # figures
    "read_utilisation": ADMIN,
    "read_conversion": ADMIN,
    "read_no_shows": ADMIN,
    "read_lead_times": ADMIN,
    "read_latency": ADMIN,
    # webhooks
    "list_webhooks": AGENT_OWN,
    "create_webhook": AGENT_OWN,
    "get_webhook": AGENT_OWN,
    "update_webhook": AGENT_OWN,
    "delete_webhook": AGENT_OWN,
    "rotate_webhook_secret": AGENT_OWN,
    "ping_webhook": AGENT_OWN,
    "list_webhook_deliveries": AGENT_OWN,
    "replay_webhook_delivery": AGENT_OWN,
}


def may_book_at(actor: Actor, dentist_id: UUID) -> bool:
    """Whether this caller may hold, book or move to this dentist, whatever the clinic. Dentists may
    only book for themselves, as they could not see or cancel other dentists' bookings. For
    receptionists the clinic decides (db/staff.py).
    """
    return actor.role not in (Role.DENTIST, Role.DESK) or actor.id == dentist_id


def may_use(verb: Verb, *, staff: bool) -> bool:
    """Whether staff or others may use the verb on a booking that is theirs."""
    return staff or verb in OPEN_TO_ALL


def right(route: str, role: Role) -> Right:
    """The right of a role at a route. LookupError for a route without a row."""
    if route not in RIGHTS:
        raise LookupError(f"the route {route!r} has no row in domain/rights.py")
    return RIGHTS[route].get(role, Right.NONE)
