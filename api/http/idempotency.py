"""What is created under an Idempotency-Key is created once."""

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
    """What an earlier request under this key made; its repeat is answered with 200. Null where
    `target` is to be made now, in this transaction. Raises `idempotency_key_reused` for another
    request.
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
