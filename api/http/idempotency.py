"""Idempotency-Keys of routes that create rows."""

from fastapi import Response

from api.http.errors import Problem
from db import idempotency
from db.pool import Connection
from domain.idempotency import Key

KEY_REUSED = "This Idempotency-Key was already used for a different request; send a new key."


async def claim_idempotency_key(
    connection: Connection, response: Response, key: Key | None, target: str | None = None
) -> str | None:
    """Claims the key in this transaction. Null if `target` is to be created now; otherwise the
    target of the earlier request, and the status becomes 200. Raises `idempotency_key_reused` for
    a different request.
    """
    if key is None:
        return None
    try:
        earlier = await idempotency.claim(connection, key, target)
    except idempotency.KeyReused:
        raise Problem("idempotency_key_reused", KEY_REUSED) from None
    if earlier is not None:
        response.status_code = 200
    return earlier
