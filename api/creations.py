"""What is created under an Idempotency-Key is created once."""

from uuid import UUID

from fastapi import Response

from api.dependencies import fingerprint
from api.refusals import refusal
from api.requests import Body
from db import creations
from db.pool import Connection
from domain.appointments import Result
from domain.booking import Outcome


async def is_new(
    connection: Connection, response: Response, id: UUID, key: str | None, body: Body
) -> bool:
    """Whether `id` (`new_id` of this caller and key) is to be created now, in this transaction; a
    repeat is answered with 200. Raises `idempotency_key_reused` for another body under the key.
    """
    asked = fingerprint(key, **body.model_dump())
    before = asked and await creations.earlier(connection, id, asked)
    if before is None:
        return True
    if before != asked:
        raise refusal(Result(Outcome.KEY_REUSED))
    response.status_code = 200
    return False
