"""A conversation about one booking, and what tests do to it."""

from typing import Any

from db.pool import Pool
from domain.actors import SYSTEM
from domain.booking import Verb
from tests.support import AMARA, BEN, change, monday, overdue

CHECKUP = {"appointment_type": "checkup"}
TALK = {"conversation_id": "talk"}


def slot(hour: int = 9, dentist=AMARA, **fields: Any) -> dict[str, Any]:
    at = {"dentist_id": str(dentist), "starts_at": monday(hour).isoformat()}
    return CHECKUP | TALK | at | fields


def of_ben(hour: int = 9, **fields: Any) -> dict[str, Any]:
    """A slot for the patient whom the demo's agent may book for."""
    return slot(hour, patient_id=str(BEN), **fields)


def agreed(hold: dict[str, Any], **fields: Any) -> dict[str, Any]:
    names = ("booking_id", "hold_token", "read_back_hash")
    return {name: hold[name] for name in names} | fields


async def told(client, verb: str, **arguments: Any) -> dict[str, Any]:
    """The document of a verb that succeeds."""
    result = await client.call_tool(verb, arguments)
    assert not result.is_error, result
    assert result.structured_content["ok"] is True
    return result.structured_content


async def refused(client, verb: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(verb, arguments)
    assert result.is_error, result
    assert result.structured_content["ok"] is False
    return result.structured_content


async def expire(pool: Pool, id: str) -> None:
    """What a worker does at the deadline of a hold."""
    await overdue(pool, id)
    await change(pool, id, Verb.EXPIRE, SYSTEM)
