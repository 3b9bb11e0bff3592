"""Replays the events that a reader missed: from its cursor up to the first live event."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from db import events
from db.pool import Pool, use
from domain.events import Cursor, Event, Reader
from realtime import frames, metrics
from realtime.hub import Hub
from realtime.pages import REACH
from realtime.rights import permitted
from realtime.stream import Stream

PAGE = 200


class TooOld(LookupError):
    """The log no longer has these events, or a connection does not see them."""


async def missed(hub: Hub, pool: Pool, stream: Stream, at: Cursor) -> AsyncIterator[bytes]:
    """Frames of the events between `at` and the first live event, or of a reset if
    they are gone.
    """
    until = stream.since
    if at.epoch != until.epoch:
        yield frames.reset(until, frames.Reset.EPOCH)
        return
    try:
        async for page in between(hub, pool, stream.reader, at.seq, until.seq):
            if page:
                now = hub.now()
                yield b"".join(frames.event(Cursor(at.epoch, e.seq), e, now) for e in page)
                metrics.SENT.inc(len(page))
            if stream.ending is not None:
                stream.drop()  # queued events must not be sent before missing ones
                return
    except TooOld:
        yield frames.reset(until, frames.Reset.TOO_OLD)


async def between(
    hub: Hub, pool: Pool, reader: Reader, seq: int, until: int
) -> AsyncIterator[Sequence[Event]]:
    """A reader's events with `seq` < number <= `until`, in order and in pages. `until` must be in
    the log. Raises TooOld and Unavailable.
    """

    async def load(after: int, end: int) -> list[Event]:
        async with hub.replays, use(pool) as connection:
            return await events.after(connection, after, end - after)

    while seq < until:
        if until - seq > REACH:
            async with hub.replays, use(pool) as connection:
                if await events.close_if_stale(connection, until):
                    raise TooOld
                page = await events.missed(connection, reader, seq, until, PAGE)
                oldest = await events.oldest(connection)
            begins, seq_then = oldest, page[-1].seq if len(page) == PAGE else until
        else:
            page = await hub.pages.after(seq, until, load)
            begins, seq_then = (page[0].seq, page[-1].seq) if page else (until + 1, until)
        if begins > seq + 1:
            raise TooOld
        seq = seq_then
        wanted = [event for event in page if reader.wants(event)]
        yield await permitted(pool, reader.actor, wanted)
        await asyncio.sleep(0)
