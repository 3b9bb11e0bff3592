"""What was created under an idempotency key, in Postgres."""

from uuid import UUID

from db.pool import Connection


async def earlier(connection: Connection, id: UUID, fingerprint: bytes) -> bytes | None:
    """What was asked for when this was created; null where it is created now, in this transaction.
    The same at the same time waits for the first to end.
    """
    status = await connection.execute(
        "insert into creations (id, fingerprint) values ($1, $2) on conflict do nothing",
        id,
        fingerprint,
    )
    if status.endswith(" 1"):
        return None
    before: bytes = await connection.fetchval("select fingerprint from creations where id = $1", id)
    return before
