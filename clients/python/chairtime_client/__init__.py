"""Follows the events of a Chairtime API: each once and in order, across lost connections; and holds
conversations for chatbots.
"""

from chairtime_client.board import Reload, reloads
from chairtime_client.conversation import Conversation
from chairtime_client.following import booking_events, events
from chairtime_client.position import Event, Item, Ready, Reset, Snapshot
from chairtime_client.refused import Refused
from chairtime_client.tokens import SignInRefused, SupabaseToken, Token

__all__ = [
    "Conversation",
    "Event",
    "Item",
    "Ready",
    "Refused",
    "Reload",
    "Reset",
    "SignInRefused",
    "Snapshot",
    "SupabaseToken",
    "Token",
    "booking_events",
    "events",
    "reloads",
]
