"""Idempotency keys in Postgres: the request that used a key, and the resource it affected."""

from datetime import timedelta
from uuid import UUID

from db import appointments
from db.pool import Connection, fetch_one
from domain.actors import Scope
from domain.appointments import Result
from domain.booking import Outcome
from domain.idempotency import Key

KEPT_FOR = timedelta(days=7)
"""Retention of a key; after that it may be used for another request."""


class KeyReused(Exception):
    """The key was used with another request at this route."""


async def claim(connection: Connection, key: Key, target: str | None) -> str | None:
    """Claims a key in the caller's transaction, for the resource `target`. Null if the key is new,
    else the target of the earlier request. Waits for another transaction that claims the same key.
    Raises KeyReused.
    """
    status = await connection.execute(
        """
        insert into idempotency_keys (caller, route, key_hash, target, fingerprint)
        values ($1, $2, $3, $4, $5) on conflict do nothing
        """,
        key.caller,
        key.route,
        key.hash,
        target,
        key.fingerprint,
    )
    if status.endswith(" 1"):
        return None
    row = await fetch_one(connection, "select * from idempotency_key_find($1)", key.packed())
    if row["outcome"] != Outcome.REPEAT:
        raise KeyReused
    found: str = row["target"]
    return found


async def set_target(connection: Connection, key: Key, target: str) -> None:
    """Stores the target of a claimed key, where Postgres has generated its id."""
    await connection.execute(
        """
        update idempotency_keys set target = $4
         where caller = $1 and route = $2 and key_hash = $3
        """,
        key.caller,
        key.route,
        key.hash,
        target,
    )


async def earlier(connection: Connection, key: Key | None, within: Scope) -> Result | None:
    """The result of an earlier request with this key, with the booking's current state; null if
    there was none.
    """
    if key is None:
        return None
    row = await connection.fetchrow("select * from idempotency_key_find($1)", key.packed())
    if row is None:
        return None
    if row["outcome"] != Outcome.REPEAT:
        return Result(Outcome.KEY_REUSED)
    booking = await appointments.get(connection, UUID(row["target"]), within)
    return Result(Outcome.REPEAT, booking) if booking else Result(Outcome.NOT_VISIBLE)


async def delete_old(connection: Connection, limit: int) -> int:
    """Deletes up to `limit` keys that are older than KEPT_FOR; how many."""
    status: str = await connection.execute(
        """
        delete from idempotency_keys where ctid = any (array(
            select ctid from idempotency_keys where created_at < clock_timestamp() - $1::interval
             order by created_at limit $2 for update skip locked))
        """,
        KEPT_FOR,
        limit,
    )
    return int(status.split()[-1])
