"""Follows the events of a Chairtime API: each once and in order, across lost connections."""

from chairtime_client.board import Reload, reloads
from chairtime_client.following import Refused, Token, booking_events, events
from chairtime_client.position import Event, Item, Ready, Reset, Snapshot

__all__ = [
    "Event",
    "Item",
    "Ready",
    "Refused",
    "Reload",
    "Reset",
    "Snapshot",
    "Token",
    "booking_events",
    "events",
    "reloads",
]
