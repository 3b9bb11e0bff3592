"""What a reader gets, from the first frame to the last."""

from collections.abc import AsyncGenerator, Callable

from db.pool import Pool, Unavailable
from domain.events import MADE, Cursor, Reader
from realtime import frames, metrics
from realtime.hub import Hub
from realtime.replay import missed
from realtime.rights import permitted
from realtime.stream import HEARTBEAT, QueuedEvent


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
        except Unavailable:
            stream.drop()

        while taken := await stream.take():
            try:
                told = await _permitted(pool, reader, taken)
            except Unavailable:
                stream.drop()
                continue
            if told:
                yield b"".join([each.frame for each in told])
            if told and told[0] is not HEARTBEAT:
                metrics.SENT.inc(len(told))
                metrics.DELIVERED.observe(hub.now().timestamp() - told[0].occurred)
        if stream.ending:
            yield frames.ending(stream.ending)


async def _permitted(pool: Pool, reader: Reader, told: list[QueuedEvent]) -> list[QueuedEvent]:
    """What the reader may see at this moment; the words that are no events pass."""
    if reader.actor.role not in MADE:
        return told
    events = [each.event for each in told if each.event]
    left = await permitted(pool, reader.actor, events)
    if len(left) == len(events):
        return told
    seqs = {event.seq for event in left}
    return [each for each in told if each.event is None or each.event.seq in seqs]
