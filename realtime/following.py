"""What a reader gets, from the first frame to the last."""

from collections.abc import AsyncGenerator, Callable

from db.pool import UNAVAILABLE, Pool
from domain.events import Cursor, Reader
from realtime import frames, metrics
from realtime.hub import Hub
from realtime.replay import missed


async def follow(
    hub: Hub, pool: Pool, reader: Reader, at: Cursor, opening: bytes, cut: Callable[[], None]
) -> AsyncGenerator[bytes, None]:
    """`opening`, then each event after `at` that the reader wants, once and in order: from the log
    those that were missed, then the live ones. Ends with the reason why, and by `cut` where the
    reader does not take even that. No pooled connection is held while it waits.
    """
    with hub.open(reader, at, cut) as stream:
        yield frames.retry() + opening
        try:
            async for page in missed(hub, pool, stream, at):
                yield page
                stream.writing()
        except UNAVAILABLE:
            stream.drop()

        while chunk := await stream.take():
            yield chunk.data
            if chunk.events:
                metrics.SENT.inc(chunk.events)
                metrics.DELIVERED.observe(hub.now().timestamp() - chunk.oldest)
        if stream.ending:
            yield frames.ending(stream.ending)
