"""What a reader missed: the log from its cursor up to the first live event."""

from collections.abc import AsyncIterator

from db import events
from db.pool import Pool, use
from domain.events import Cursor
from realtime import frames, metrics
from realtime.hub import Hub
from realtime.stream import Stream

PAGE = 200


async def missed(hub: Hub, pool: Pool, stream: Stream, at: Cursor) -> AsyncIterator[bytes]:
    """What lies between `at` and the first live event, or the word that it is no longer known."""
    seq, until = at.seq, stream.since
    if at.epoch != until.epoch:
        yield frames.reset(until, frames.Reset.EPOCH)
        return
    while seq < until.seq:
        async with hub.replays, use(pool) as connection:
            page = await events.missed(connection, stream.reader, seq, until.seq, PAGE)
            oldest = await events.oldest(connection)
        if oldest > seq + 1:
            yield frames.reset(until, frames.Reset.TOO_OLD)
            return

        seq = page[-1].seq if len(page) == PAGE else until.seq
        wanted = [event for event in page if stream.reader.wants(event)]
        if wanted:
            now = hub.now()
            yield b"".join(frames.event(Cursor(at.epoch, e.seq), e, now) for e in wanted)
            metrics.SENT.inc(len(wanted))
        if stream.ending is not None:
            stream.drop()  # what is queued comes after what is still missing
            return
