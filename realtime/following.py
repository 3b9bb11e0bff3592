"""The body of an event stream, from the first frame to the last; or only what changed."""

from collections.abc import AsyncGenerator, Callable
from uuid import UUID

from db.pool import Pool, Unavailable
from domain.events import Cursor, Reader
from realtime import frames, metrics
from realtime.hub import Hub
from realtime.replay import missed
from realtime.rights import permitted
from realtime.stream import HEARTBEAT, QueuedEvent


async def follow(
    hub: Hub, pool: Pool, reader: Reader, at: Cursor, opening: bytes, cut: Callable[[], None]
) -> AsyncGenerator[bytes, None]:
    """Yields `opening`, then each event after `at` that the reader subscribes to, once and in
    order: first the missed ones from the log, then live ones. The last frame gives the reason of
    the end; `cut` closes the connection if the reader does not read that either. Holds no pooled
    connection while it waits.
    """
    with hub.open(reader, at, cut) as stream:
        yield frames.retry() + opening
        try:
            async for page in missed(hub, pool, stream, at):
                yield page
                stream.writing()
        except Unavailable:
            stream.drop()

        while taken := await stream.take():
            try:
                allowed = await _permitted(pool, reader, taken)
            except Unavailable:
                stream.drop()
                continue
            if allowed:
                yield b"".join([each.frame for each in allowed])
            if allowed and allowed[0] is not HEARTBEAT:
                metrics.SENT.inc(len(allowed))
                metrics.DELIVERED.observe(hub.now().timestamp() - allowed[0].occurred)
        if stream.ending:
            yield frames.ending(stream.ending)


async def follow_changes(
    hub: Hub, pool: Pool, reader: Reader, cut: Callable[[], None]
) -> AsyncGenerator[frozenset[UUID] | None, None]:
    """Yields the entities of the events from now on that the reader subscribes to and may see; null
    if any may have changed, as events may have been missed. The first is empty: the subscription
    has begun.
    """
    with hub.open(reader, hub.at, cut) as stream:
        yield frozenset()
        while taken := await stream.take():
            try:
                allowed = await _permitted(pool, reader, taken)
            except Unavailable:
                stream.drop()
                continue
            stream.writing()
            if any(each.event is None and each is not HEARTBEAT for each in allowed):
                yield None
            elif ids := frozenset(each.event.entity_id for each in allowed if each.event):
                yield ids


async def _permitted(pool: Pool, reader: Reader, queued: list[QueuedEvent]) -> list[QueuedEvent]:
    """The queued events that the reader may see now, and all frames that are not events."""
    if reader.actor.sees_all:
        return queued
    events = [each.event for each in queued if each.event]
    allowed = await permitted(pool, reader.actor, events)
    if len(allowed) == len(events):
        return queued
    seqs = {event.seq for event in allowed}
    return [each for each in queued if each.event is None or each.event.seq in seqs]
