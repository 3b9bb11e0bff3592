"""Deliveries of webhooks in Postgres: the queue, and the log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from db import events
from db.pool import Connection
from domain.actors import Actor, Role
from domain.events import Event
from domain.webhooks import (
    KEPT_FOR,
    MOST_PENDING,
    AttemptOutcome,
    Delivery,
    DeliveryStatus,
    DueDelivery,
)

LOG = """
    id, kind, entity_id, seq, occurred_at, status, attempts, queued_at, outcome, http_status,
    duration_ms, last_attempt_at, case when status = 'pending' then next_attempt_at end
        as next_attempt_at
"""


async def queue(
    connection: Connection, endpoint_id: UUID, found: Sequence[tuple[UUID, Event]]
) -> None:
    """Adds deliveries of these events under these ids; those that exist stay as they are."""
    await connection.executemany(
        """
        insert into webhook_deliveries (id, endpoint_id, seq, topic, kind, entity_id, version,
                                        audience, payload, occurred_at, sequenced_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, $11) on conflict do nothing
        """,
        [
            (
                id,
                endpoint_id,
                event.seq,
                event.topic,
                event.kind,
                event.entity_id,
                event.version,
                None if event.audience is None else list(event.audience),
                event.payload,
                event.occurred_at,
                event.sequenced_at,
            )
            for id, event in found
        ],
    )


async def has_room(connection: Connection, endpoint_id: UUID) -> bool:
    """Whether less than MOST_PENDING deliveries wait for this endpoint."""
    found: bool = await connection.fetchval(
        """
        select count(*) < $2 from (
            select from webhook_deliveries where endpoint_id = $1 and status = 'pending' limit $2
        ) waiting
        """,
        endpoint_id,
        MOST_PENDING,
    )
    return found


async def next_due(connection: Connection, endpoint_id: UUID) -> DueDelivery | None:
    """The first delivery to try now: events of one entity in their order, and others as they came.
    Null if there is none, or the endpoint is off or gone, or its owner lost access.
    """
    row = await connection.fetchrow(
        f"""
        select {events.COLUMNS}, n.id, n.attempts, n.endpoint_id, o.owner_id, o.owner_role, o.url,
               case when o.previous_secret_until > clock_timestamp()
                    then array[o.secret_no, o.secret_no - 1] else array[o.secret_no] end
                   as secret_numbers,
               clock_timestamp() as now
          from webhook_next n
          join (select e.id as webhook_id, e.owner_id, e.owner_role, e.url, e.secret_no,
                       e.previous_secret_until
                  from webhook_endpoints e join profiles p on p.id = e.owner_id
                 where e.active and p.active and p.role = e.owner_role) o
            on o.webhook_id = n.endpoint_id
         where n.endpoint_id = $1 and n.due_at <= clock_timestamp()
         order by n.place limit 1
        """,  # noqa: S608 - COLUMNS are ours
        endpoint_id,
    )
    if row is None:
        return None
    return DueDelivery(
        id=row["id"],
        event=events.event(row),
        attempts=row["attempts"],
        endpoint_id=row["endpoint_id"],
        owner=Actor(Role(row["owner_role"]), row["owner_id"]),
        url=row["url"],
        secret_numbers=tuple(row["secret_numbers"]),
        now=row["now"],
    )


async def due_in(connection: Connection, endpoint_id: UUID) -> float | None:
    """Seconds until the next delivery is due, 0 if one is; null if none is pending or the endpoint
    is off.
    """
    seconds: float | None = await connection.fetchval(
        """
        select greatest(0, extract(epoch from min(due_at) - clock_timestamp()))::float8
          from webhook_next where endpoint_id = $1
        """,
        endpoint_id,
    )
    return seconds


async def withdraw(connection: Connection, id: UUID) -> None:
    """Deletes a delivery whose event the endpoint's owner may not see any more."""
    await connection.execute("delete from webhook_deliveries where id = $1", id)


async def page(
    connection: Connection,
    endpoint_id: UUID,
    *,
    status: DeliveryStatus | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Delivery]:
    """The deliveries of an endpoint, the newest first. `before`: when the last one of the page
    before was queued, and its id.
    """
    rows = await connection.fetch(
        f"""
        select {LOG} from webhook_deliveries d
         where d.endpoint_id = $1 and ($2::text is null or d.status = $2)
           and ($3::timestamptz is null or (d.queued_at, d.id) < ($3, $4::uuid))
         order by d.queued_at desc, d.id desc limit $5
        """,  # noqa: S608 - LOG is ours
        endpoint_id,
        status,
        *(before or (None, None)),
        limit,
    )
    return [_delivery(row) for row in rows]


async def get(connection: Connection, endpoint_id: UUID, id: UUID) -> Delivery | None:
    row = await connection.fetchrow(
        f"select {LOG} from webhook_deliveries where endpoint_id = $1 and id = $2",  # noqa: S608
        endpoint_id,
        id,
    )
    return _delivery(row) if row else None


async def replay(connection: Connection, id: UUID) -> None:
    """Queues a delivery once more, under the same id."""
    await connection.execute(
        """
        update webhook_deliveries
           set status = 'pending', first_attempt_at = null, next_attempt_at = clock_timestamp()
         where id = $1
        """,
        id,
    )


async def delete_old(connection: Connection, limit: int) -> int:
    """Deletes up to `limit` deliveries that have been over for KEPT_FOR; how many."""
    status: str = await connection.execute(
        """
        delete from webhook_deliveries where id = any (array(
            select id from webhook_deliveries
             where queued_at < clock_timestamp() - $1::interval and status <> 'pending'
               and coalesce(last_attempt_at, queued_at) < clock_timestamp() - $1::interval
             order by queued_at limit $2 for update skip locked))
        """,
        KEPT_FOR,
        limit,
    )
    return int(status.split()[-1])


def _delivery(row: asyncpg.Record) -> Delivery:
    fields = dict(row)
    fields["status"] = DeliveryStatus(fields["status"])
    fields["outcome"] = AttemptOutcome(fields["outcome"]) if fields["outcome"] else None
    return Delivery(**fields)
