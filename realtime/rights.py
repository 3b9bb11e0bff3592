"""What a reader may see at this moment, where that hangs on rows and not on the event alone."""

from collections.abc import Sequence

from db import events
from db.pool import Pool, use
from domain.actors import Actor
from domain.events import Event, must_ask


async def permitted(pool: Pool, actor: Actor, found: Sequence[Event]) -> Sequence[Event]:
    """Those of these events that `may_see` allows which this reader may see now. Asks the database
    where it must, once for all. Raises Unavailable.
    """
    asked = {event.entity_id for event in found if must_ask(actor, event)}
    if not asked:
        return found
    async with use(pool) as connection:
        seen = await events.visible_now(connection, actor, asked)
    return [e for e in found if e.entity_id in seen or not must_ask(actor, e)]
