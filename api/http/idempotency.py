"""Idempotency-Keys of routes that create rows."""

from fastapi import Response

from api.bookings.refusals import refusal
from db import idempotency
from db.pool import Connection
from domain.appointments import Result
from domain.booking import Outcome
from domain.idempotency import Key


async def made_before(
    connection: Connection, response: Response, key: Key | None, target: str | None = None
) -> str | None:
    """Claims the key. Returns what an earlier request with it created, and sets the status to 200;
    null if `target` is to be created now, in this transaction. Raises `idempotency_key_reused` for
    a different request.
    """
    if key is None:
        return None
    try:
        earlier = await idempotency.claim(connection, key, target)
    except idempotency.KeyReused:
        raise refusal(Result(Outcome.KEY_REUSED)) from None
    if earlier is not None:
        response.status_code = 200
    return earlier
