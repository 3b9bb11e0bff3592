"""Idempotency keys in Postgres: which request a key stood for, and what it made or changed."""

from datetime import timedelta
from uuid import UUID

from db import appointments
from db.pool import Connection, fetch_one
from domain.actors import Scope
from domain.appointments import Result
from domain.booking import Outcome
from domain.idempotency import Key

KEPT_FOR = timedelta(days=7)
"""How long a key is kept; after that it may be used for another request."""


class KeyReused(Exception):
    """The key was used for another request at this route."""


async def claim(connection: Connection, key: Key, target: str | None) -> str | None:
    """Claims a key in the caller's transaction for what it makes. Null where the key is new; else
    the target of the earlier request. Waits for a transaction that claims the same key. Raises
    KeyReused.
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
    """Names what a claimed key has made, where that has its id from Postgres."""
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


async def earlier(connection: Connection, key: Key | None, seen: Scope) -> Result | None:
    """What an earlier request about a booking came to under this key, with the booking as it is
    now; null where there was none.
    """
    if key is None:
        return None
    row = await fetch_one(connection, "select * from idempotency_key_find($1)", key.packed())
    if row["outcome"] is None:
        return None
    if row["outcome"] != Outcome.REPEAT:
        return Result(Outcome.KEY_REUSED)
    booking = await appointments.get(connection, UUID(row["target"]), seen)
    return Result(Outcome.REPEAT, booking) if booking else Result(Outcome.NOT_SEEN)


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
