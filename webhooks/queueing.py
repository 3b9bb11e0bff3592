"""Adds deliveries for new events to the queues of the endpoints that want them.

The deliveries of a batch and the endpoints' cursors in the log are written in one transaction, so
that no event is left out and none is queued twice, whenever a process dies.
"""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from db import events, webhook_deliveries, webhooks
from db.events import Position
from db.pool import Connection
from db.webhooks import Lagging
from domain.events import Event, Reader, Topic, depends_on_rows, parse_topics
from domain.webhooks import PING, RESET, Webhook, delivery_id
from webhooks import metrics

BATCH = 500
"""Events that are read at a time."""


async def queue_new_events(connection: Connection) -> tuple[set[UUID], bool]:
    """Queues up to BATCH further events for each endpoint that is behind. Returns the endpoints
    that got deliveries, and whether some are still behind. Raises events.EventsMissing.
    """
    async with connection.transaction():
        lagging = await webhooks.lagging(connection)
        if not lagging:
            return set(), False
        end = await events.position(connection)
        oldest = await events.oldest(connection)
        queued: set[UUID] = set()
        more = False
        for (epoch, seq), group in _by_position(lagging).items():
            if reason := _missing(epoch, seq, end, oldest):
                queued |= await _reset(connection, group, end, reason)
                continue
            found = [e for e in await events.after(connection, seq, BATCH) if e.seq <= end.head]
            if not found:
                raise events.EventsMissing
            for webhook in group:
                if await _queue(connection, webhook, epoch, found):
                    queued.add(webhook.id)
            last = found[-1].seq
            more = more or last < end.head
            await webhooks.move_cursors(connection, [each.id for each in group], epoch, last)
    return queued, more


def ping(endpoint: Webhook, position: Position) -> Event:
    """A test message for an endpoint."""
    return _message(endpoint, PING, position, f'{{"id": "{endpoint.id}"}}')


def _by_position(lagging: Iterable[Lagging]) -> dict[tuple[str, int], list[Webhook]]:
    """Endpoints at the same place of the log, which most are, read it together."""
    groups: dict[tuple[str, int], list[Webhook]] = defaultdict(list)
    for each in lagging:
        groups[each.epoch, each.seq].append(each.webhook)
    return groups


def _missing(epoch: str, seq: int, end: Position, oldest: int) -> str | None:
    """Why the log does not have the events after this place; null if it has them."""
    if epoch != end.epoch:
        return "epoch"
    if seq > end.head:
        return "unknown_cursor"
    return "too_old" if seq + 1 < oldest else None


async def _reset(
    connection: Connection, group: list[Webhook], end: Position, reason: str
) -> set[UUID]:
    """Tells these endpoints that events are missing; they continue at the end of the log."""
    for webhook in group:
        payload = f'{{"id": "{webhook.id}", "reason": "{reason}"}}'
        message = _message(webhook, RESET, end, payload)
        id = delivery_id(webhook.id, end.epoch, end.head, RESET)
        await webhook_deliveries.queue(connection, webhook.id, [(id, message)])
    ids = {webhook.id for webhook in group}
    await webhooks.move_cursors(connection, ids, end.epoch, end.head)
    return ids


async def _queue(connection: Connection, webhook: Webhook, epoch: str, found: list[Event]) -> bool:
    """Queues those of the events that the endpoint wants and its owner may see. Whether any."""
    reader = Reader(webhook.owner, parse_topics(webhook.topics))
    kinds = webhook.kinds
    wanted = [e for e in found if reader.wants(e) and (kinds is None or e.kind in kinds)]
    if asked := {e.entity_id for e in wanted if depends_on_rows(webhook.owner, e)}:
        visible = await events.visible_now(connection, webhook.owner, asked)
        wanted = [
            e for e in wanted if e.entity_id in visible or not depends_on_rows(webhook.owner, e)
        ]
    if not wanted:
        return False
    identified = [(delivery_id(webhook.id, epoch, e.seq, e.kind), e) for e in wanted]
    await webhook_deliveries.queue(connection, webhook.id, identified)
    metrics.QUEUED.inc(len(identified))
    return True


def _message(webhook: Webhook, kind: str, position: Position, payload: str) -> Event:
    """A message about the endpoint itself, which is not in the log."""
    return Event(
        seq=0,
        topic=Topic.WEBHOOKS,
        kind=kind,
        entity_id=webhook.id,
        version=webhook.version,
        audience=frozenset({webhook.owner_id}),
        payload=payload,
        occurred_at=position.now,
        sequenced_at=position.now,
    )
