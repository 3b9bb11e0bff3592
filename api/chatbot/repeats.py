"""Which hold a conversation gets that asks for the same slot again."""

import hashlib

from api.chatbot import documents
from api.chatbot.conversation import Conversation
from api.chatbot.models import HoldSlot
from api.http.context import actor_id
from domain.appointments import Appointment
from domain.booking import Status
from domain.idempotency import Key

MOST = 20
"""How often a conversation may hold the same slot anew, after holds that ended."""

ENDED = frozenset({Status.RELEASED, Status.EXPIRED, Status.DECLINED, Status.CANCELLED})
"""States after which the same conversation may hold the slot again."""


def key(conversation: Conversation, hashed_id: bytes, arguments: HoldSlot, repeat: int) -> Key:
    """The key of a hold of this slot in this conversation. A patient who names themselves gets the
    same one as without a name.
    """
    caller = actor_id(conversation.caller)
    named = (
        hashed_id,
        arguments.dentist_id,
        arguments.starts_at.isoformat(),
        arguments.appointment_type,
        arguments.patient_id or caller,
        repeat,
    )
    hashed = hashlib.sha256(repr(named).encode()).digest()
    return Key(caller, "hold_slot", hashed, hashed)


def has_slot(found: Appointment, arguments: HoldSlot) -> bool:
    """Whether the booking occupies the slot asked for."""
    at = (found.dentist_id, found.starts_at)
    wanted = (arguments.dentist_id, arguments.starts_at)
    return at == wanted and documents.shown_status(found) not in ENDED
