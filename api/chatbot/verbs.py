"""What each verb does."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from api.chatbot import bookings, finding
from api.chatbot.conversation import Conversation
from api.chatbot.documents import Document

VERBS: Mapping[str, Callable[[Conversation, Any], Awaitable[Document]]] = {
    "find_slots": finding.find_slots,
    "hold_slot": bookings.hold_slot,
    "confirm_booking": bookings.confirm_booking,
    "cancel_booking": bookings.cancel_booking,
    "reschedule_booking": bookings.reschedule_booking,
    "get_booking": bookings.get_booking,
}
"""By the name of its tool in `TOOLS`, whose arguments it takes."""
