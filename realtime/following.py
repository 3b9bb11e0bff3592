"""What a reader gets, from the first frame to the last."""

from collections.abc import AsyncIterator, Callable

from db import events
from db.pool import UNAVAILABLE, Pool, use
from domain.events import Cursor, Reader
from realtime import frames, metrics
from realtime.hub import Hub
from realtime.stream import Stream

PAGE = 200


async def follow(
    hub: Hub, pool: Pool, reader: Reader, at: Cursor, opening: bytes, cut: Callable[[], None]
) -> AsyncIterator[bytes]:
    """`opening`, then each event after `at` that the reader wants, once and in order: from the log
    those that were missed, then the live ones. Ends with `bye` when the hub closes, and by `cut`
    when the reader is too slow. No pooled connection is held while it waits.
    """
    with hub.open(reader, at, cut) as stream:
        yield frames.retry() + opening
        try:
            async for page in _missed(hub, pool, stream, at):
                yield page
        except UNAVAILABLE:
            stream.drop()

        while chunk := await stream.take():
            yield chunk.data
            metrics.SENT.inc(chunk.events)
            metrics.DELIVERED.observe(hub.now().timestamp() - chunk.oldest)
        yield frames.bye()


async def _missed(hub: Hub, pool: Pool, stream: Stream, at: Cursor) -> AsyncIterator[bytes]:
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
