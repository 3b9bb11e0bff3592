"""Webhook endpoints in Postgres, and how far each has come in the event log."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection
from domain.actors import Actor, Role
from domain.webhooks import (
    ENDPOINTS_PER_OWNER,
    MOST_PENDING,
    DisabledReason,
    Webhook,
)

COLUMNS = """
    e.id, e.owner_id, e.owner_role, e.url, e.topics, e.kinds, e.description, e.active,
    e.disabled_reason, e.disabled_at, e.failing_since,
    case when e.previous_secret_until > clock_timestamp() then e.previous_secret_until end
        as previous_secret_until,
    e.version, e.created_at, e.updated_at
"""
VISIBLE = "($1::uuid is null or e.owner_id = $1)"


@dataclass(frozen=True, slots=True)
class Lagging:
    """An endpoint that lacks deliveries for the events after `seq`."""

    webhook: Webhook
    epoch: str
    seq: int


def _owner(caller: Actor) -> UUID | None:
    """Whose endpoints the caller may see; null for all."""
    return None if caller.sees_all else caller.id


async def page(
    connection: Connection,
    caller: Actor,
    *,
    disabled: bool | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Webhook]:
    """The endpoints that the caller may see, the newest first. `disabled`: those that the system
    has switched off, or all others.
    """
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from webhook_endpoints e
         where {VISIBLE} and ($2::boolean is null or $2 = (e.disabled_reason is not null))
           and ($3::timestamptz is null or (e.created_at, e.id) < ($3, $4::uuid))
         order by e.created_at desc, e.id desc limit $5
        """,  # noqa: S608 - constants of ours
        _owner(caller),
        disabled,
        *(after or (None, None)),
        limit,
    )
    return [_webhook(row) for row in rows]


async def get(
    connection: Connection, id: UUID, caller: Actor, *, locked: bool = False
) -> Webhook | None:
    """An endpoint that the caller may see; locked until the end of the transaction if asked for."""
    row = await connection.fetchrow(
        f"""
        select {COLUMNS} from webhook_endpoints e where {VISIBLE} and e.id = $2
        {"for no key update" if locked else ""}
        """,  # noqa: S608 - constants of ours
        _owner(caller),
        id,
    )
    return _webhook(row) if row else None


async def add(connection: Connection, id: UUID, owner: Actor, fields: Mapping[str, Any]) -> bool:
    """Adds an endpoint, which gets the events from now on. False if its owner has as many as they
    may, or is deactivated at this moment.
    """
    # for update: one owner adds one endpoint at a time, and an erasure waits or is waited for
    await connection.execute("select from profiles where id = $1 for no key update", owner.id)
    added = await connection.fetchval(
        """
        insert into webhook_endpoints (id, owner_id, owner_role, url, topics, kinds, description,
                                       active, epoch, seq)
        select $1, p.id, p.role, $3, $4, $5, $6, $7, r.epoch, r.head
          from profiles p, realtime_epoch r
         where p.id = $2 and p.active and p.role = $8
           and (select count(*) from webhook_endpoints o where o.owner_id = $2) < $9
        returning true
        """,
        id,
        owner.id,
        fields["url"],
        fields["topics"],
        fields["kinds"],
        fields["description"],
        fields["active"],
        str(owner.role),
        ENDPOINTS_PER_OWNER,
    )
    return bool(added)


async def owner_has_access(connection: Connection, id: UUID) -> bool:
    """Whether the endpoint's owner is active and has the role it had when it subscribed."""
    found: bool = await connection.fetchval(
        """
        select p.active and p.role = e.owner_role
          from webhook_endpoints e join profiles p on p.id = e.owner_id where e.id = $1
        """,
        id,
    )
    return found


async def change(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> None:
    """Changes these fields. Whatever switches it on or off also clears why it was off; switched on,
    it is tried at once.
    """
    await connection.execute(
        """
        update webhook_endpoints e
           set url = case when $2 ? 'url' then $2 ->> 'url' else e.url end,
               topics = case when $2 ? 'topics'
                             then array(select jsonb_array_elements_text($2 -> 'topics'))
                             else e.topics end,
               kinds = case when jsonb_typeof($2 -> 'kinds') = 'array'
                            then array(select jsonb_array_elements_text($2 -> 'kinds'))
                            when $2 ? 'kinds' then null else e.kinds end,
               description = case when $2 ? 'description' then $2 ->> 'description'
                                  else e.description end,
               active = coalesce(($2 ->> 'active')::boolean, e.active),
               disabled_reason = case when $2 ? 'active' then null else e.disabled_reason end,
               disabled_at = case when $2 ? 'active' then null else e.disabled_at end,
               failures = case when $2 ? 'active' then 0 else e.failures end,
               failing_since = case when $2 ? 'active' then null else e.failing_since end,
               paused_until = case when $2 ? 'active' then null else e.paused_until end,
               version = e.version + 1, updated_at = clock_timestamp()
         where e.id = $1
        """,
        id,
        dict(fields),
    )
    if fields.get("active"):
        await connection.execute(
            """
            update webhook_deliveries set next_attempt_at = clock_timestamp()
             where endpoint_id = $1 and status = 'pending' and next_attempt_at > clock_timestamp()
            """,
            id,
        )


async def remove(connection: Connection, id: UUID, caller: Actor) -> bool:
    """Deletes an endpoint and its deliveries. False if the caller may not see it."""
    status: str = await connection.execute(
        f"delete from webhook_endpoints e where {VISIBLE} and e.id = $2",  # noqa: S608
        _owner(caller),
        id,
    )
    return status.endswith(" 1")


async def rotate(connection: Connection, id: UUID, overlap_hours: int) -> int:
    """Gives the endpoint a new secret, and returns its number. The one before signs too for
    `overlap_hours`.
    """
    number: int = await connection.fetchval(
        """
        update webhook_endpoints
           set secret_no = secret_no + 1, version = version + 1, updated_at = clock_timestamp(),
               previous_secret_until = case when $2 > 0
                   then clock_timestamp() + make_interval(hours => $2) end
         where id = $1 returning secret_no
        """,
        id,
        overlap_hours,
    )
    return number


async def secret_number(connection: Connection, id: UUID) -> int:
    """The number of the present secret."""
    number: int = await connection.fetchval(
        "select secret_no from webhook_endpoints where id = $1", id
    )
    return number


async def switch_off_without_owner(connection: Connection) -> int:
    """Switches off the endpoints whose owner was deactivated or has another role; how many."""
    status: str = await connection.execute(
        """
        update webhook_endpoints e
           set active = false, disabled_reason = $1, disabled_at = clock_timestamp(),
               version = e.version + 1, updated_at = clock_timestamp()
          from profiles p
         where e.active and p.id = e.owner_id and not (p.active and p.role = e.owner_role)
        """,
        DisabledReason.OWNER_LOST_ACCESS,
    )
    return int(status.split()[-1])


async def lagging(connection: Connection) -> list[Lagging]:
    """The active endpoints that are behind the end of the log and have room for more deliveries,
    locked until the end of the transaction.
    """
    rows = await connection.fetch(
        f"""
        select {COLUMNS}, e.epoch, e.seq from webhook_endpoints e
         where e.active
           and not exists (select from realtime_epoch r where r.epoch = e.epoch and r.head = e.seq)
           and (select count(*) from (
                    select from webhook_deliveries d
                     where d.endpoint_id = e.id and d.status = 'pending' limit $1) q) < $1
         order by e.id for no key update of e
        """,  # noqa: S608 - constants of ours
        MOST_PENDING,
    )
    return [Lagging(_webhook(row), row["epoch"], row["seq"]) for row in rows]


async def move_cursors(connection: Connection, ids: Collection[UUID], epoch: str, seq: int) -> None:
    """Notes that these endpoints have deliveries for the events up to `seq`."""
    await connection.execute(
        "update webhook_endpoints set epoch = $2, seq = $3 where id = any($1)",
        list(ids),
        epoch,
        seq,
    )


async def due(connection: Connection) -> Sequence[UUID]:
    """The endpoints with a delivery to try now."""
    rows = await connection.fetch(
        """
        select e.id from webhook_endpoints e
         where e.active and exists (select from webhook_next n
                                     where n.endpoint_id = e.id and n.due_at <= clock_timestamp())
        """
    )
    return [row["id"] for row in rows]


def _webhook(row: asyncpg.Record) -> Webhook:
    reason = row["disabled_reason"]
    return Webhook(
        id=row["id"],
        owner_id=row["owner_id"],
        owner_role=Role(row["owner_role"]),
        url=row["url"],
        topics=list(row["topics"]),
        kinds=None if row["kinds"] is None else list(row["kinds"]),
        description=row["description"],
        active=row["active"],
        disabled_reason=DisabledReason(reason) if reason else None,
        disabled_at=row["disabled_at"],
        failing_since=row["failing_since"],
        previous_secret_until=row["previous_secret_until"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
