"""The table of verbs: what each takes, does and is called by every door."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

from api.chatbot import bookings, finding
from api.chatbot.conversation import Conversation
from api.chatbot.documents import Document
from api.chatbot.models import (
    Arguments,
    CancelBooking,
    ConfirmBooking,
    FindSlots,
    GetBooking,
    HoldSlot,
    RescheduleBooking,
)


@dataclass(frozen=True, slots=True)
class ConversationVerb:
    name: str
    arguments: type[Arguments]
    run: Callable[[Conversation, Any], Awaitable[Document]]
    read_only: bool = False
    destructive: bool = False
    """Whether it takes away what the person has."""

    @property
    def description(self) -> str:
        """For the language model."""
        return " ".join(cleandoc(self.arguments.__doc__ or "").split())


VERBS: Mapping[str, ConversationVerb] = {
    verb.name: verb
    for verb in (
        ConversationVerb("find_slots", FindSlots, finding.find_slots, read_only=True),
        ConversationVerb("hold_slot", HoldSlot, bookings.hold_slot),
        ConversationVerb("confirm_booking", ConfirmBooking, bookings.confirm_booking),
        ConversationVerb(
            "cancel_booking", CancelBooking, bookings.cancel_booking, destructive=True
        ),
        ConversationVerb("reschedule_booking", RescheduleBooking, bookings.reschedule_booking),
        ConversationVerb("get_booking", GetBooking, bookings.get_booking, read_only=True),
    )
}
