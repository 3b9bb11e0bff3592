"""Tells which starts of the board to reload, and when: coalesces events, and spreads the reloads of
many readers over time.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from chairtime_client.position import Event, Item, Reset

SPREAD = 2.0
"""Seconds over which readers of the same change spread their reloads."""

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reload:
    """The starts in [since, until) of a dentist may have changed."""

    dentist_id: str | None
    """Null: all dentists."""
    since: datetime = FIRST
    until: datetime = LAST


async def reloads(
    items: AsyncIterator[Item], spread: float = SPREAD
) -> AsyncGenerator[list[Reload], None]:
    """What to reload because of `events(..., topics=["availability"])`, after a random delay of up
    to `spread` seconds from the first event. Overlapping ranges of a dentist are merged. Raises
    what `items` raises.
    """
    loop = asyncio.get_running_loop()
    wanted: list[Reload] = []
    due: float | None = None
    coming = asyncio.ensure_future(anext(items))
    try:
        while True:
            timeout = None if due is None else max(0.0, due - loop.time())
            await asyncio.wait({coming}, timeout=timeout)
            if due is not None and loop.time() >= due:
                yield joined(wanted)
                wanted, due = [], None
            elif coming.done():
                found = list(_named(coming.result()))
                coming = asyncio.ensure_future(anext(items))
                wanted += found
                if found and due is None:
                    due = loop.time() + random.uniform(0, spread)
    finally:
        coming.cancel()


def joined(wanted: Iterable[Reload]) -> list[Reload]:
    """The same starts in fewer ranges, by dentist and time; a single range if all
    must be reloaded.
    """
    found: list[Reload] = []
    for each in sorted(wanted, key=lambda r: (r.dentist_id or "", r.since)):
        if each.dentist_id is None:
            return [each]
        last = found[-1] if found else None
        if last and last.dentist_id == each.dentist_id and each.since <= last.until:
            found[-1] = Reload(each.dentist_id, last.since, max(last.until, each.until))
        else:
            found.append(each)
    return found


def _named(item: Item) -> Iterator[Reload]:
    """The starts to reload because of an item."""
    if isinstance(item, Reset):
        yield Reload(None)
    elif isinstance(item, Event) and "until" in item.data:
        since, until = item.data["from"], item.data["until"]
        yield Reload(
            item.data["dentist_id"],
            datetime.fromisoformat(since) if since else FIRST,
            datetime.fromisoformat(until) if until else LAST,
        )
