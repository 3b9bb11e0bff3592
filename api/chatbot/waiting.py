"""Waits for a change of one booking: woken by the hub, without reading the database meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

from api.chatbot.conversation import Conversation
from api.chatbot.documents import shown_status
from api.events.response import admit
from api.events.topics import reader_of
from api.http.errors import Problem
from db.conversations import BookingNames
from domain.appointments import Appointment
from domain.booking import LIVE
from domain.events import Topic, entity_topic
from domain.people import disagreement
from realtime.frames import Ending
from realtime.stream import HEARTBEAT, Stream

Seen = tuple[Appointment, BookingNames]

AFTER_DEADLINE = 0.02
"""Seconds after a hold's deadline at which it is read again."""


class Wait(NamedTuple):
    booking_id: UUID
    seconds: int
    known_version: int | None
    """Null: the version at the beginning."""


async def seen(conversation: Conversation, wait: Wait, read: Callable[[], Awaitable[Seen]]) -> Seen:
    """What `read` returns, as soon as the booking has another version than the known one, has
    ended, or the time is over; at shutdown at once. Counts as an open stream of the caller, and
    raises the same refusals; `forbidden` as soon as the caller is deactivated or has another role.
    """
    if not wait.seconds:
        return await read()
    state = conversation.state
    topics = frozenset({entity_topic(Topic.APPOINTMENTS, wait.booking_id)})
    reader = await reader_of(state, conversation.caller, topics)
    admit(state, reader)
    loop = asyncio.get_running_loop()
    ends, known = loop.time() + wait.seconds, wait.known_version
    with state.hub.open(reader, state.hub.at, lambda: None) as stream:
        while True:
            now = await read()
            if stream.ending is Ending.REVOKED:
                await _check_access(conversation)
            booking = now[0]
            known = known or booking.version
            left = ends - loop.time()
            changed = booking.version != known or shown_status(booking) not in LIVE
            if changed or left <= 0 or stream.ending:
                return now
            if booking.expires_in_seconds is not None:
                left = min(left, booking.expires_in_seconds + AFTER_DEADLINE)
            await _event(stream, booking, left)


async def _check_access(conversation: Conversation) -> None:
    status = await conversation.state.accounts.status(conversation.caller)
    if why := disagreement(conversation.caller, status):
        raise Problem("forbidden", why)


async def _event(stream: Stream, booking: Appointment, seconds: float) -> None:
    """Returns with the next event after this version, with the end of the stream, or after these
    seconds.
    """
    try:
        async with asyncio.timeout(seconds):
            while taken := await stream.take():
                for each in taken:
                    if each.event is None:
                        if each is not HEARTBEAT:  # events may have been missed
                            return
                    elif each.event.entity_id == booking.id:
                        if (each.event.version or 0) > booking.version:
                            return
    except TimeoutError:
        pass
