"""Checks permissions that depend on current rows and not on the event alone."""

from collections.abc import Sequence

from db import events
from db.pool import Pool, use
from domain.actors import Actor
from domain.events import Event, depends_on_rows


async def permitted(pool: Pool, actor: Actor, found: Sequence[Event]) -> Sequence[Event]:
    """The events that this reader may see now, among events that `may_see` allows. Needs at most
    one query. Raises Unavailable.
    """
    asked = {event.entity_id for event in found if depends_on_rows(actor, event)}
    if not asked:
        return found
    async with use(pool) as connection:
        visible = await events.visible_now(connection, actor, asked)
    return [e for e in found if e.entity_id in visible or not depends_on_rows(actor, e)]
