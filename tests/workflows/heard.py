"""What Temporal was told, and waiting until something is true."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from db.pool import Pool
from tests.support import HANG, monday
from workflows import workflow_id

HOURS = [hour for hour in range(8, 18) if hour != 12]


def times(count: int) -> list[datetime]:
    """As many times to book, none of which overlap."""
    weeks = range(1, 2 + count // len(HOURS))
    return [monday(hour, weeks=week) for week in weeks for hour in HOURS][:count]


async def eventually(true: Callable[[], Awaitable[object]], seconds: float = HANG) -> None:
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.02)


async def inbox(pool: Pool) -> list[tuple[str, int]]:
    """(verb, attempts) of what still waits."""
    rows = await pool.fetch("select verb, attempts from workflow_inbox order by waiting_since")
    return [(row["verb"], row["attempts"]) for row in rows]


def emptied(pool: Pool) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return not await inbox(pool)

    return ask


def workflow(client: Client, booking: UUID) -> WorkflowHandle:
    return client.get_workflow_handle(workflow_id(booking))


async def started(client: Client, booking: UUID) -> bool:
    try:
        await workflow(client, booking).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def signals(client: Client, booking: UUID) -> list[tuple[str, dict[str, object] | None]]:
    """Name and argument of each signal that the latest run got, in order."""
    heard = []
    async for event in workflow(client, booking).fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            signal = event.workflow_execution_signaled_event_attributes
            payloads = signal.input.payloads
            heard.append((signal.signal_name, json.loads(payloads[0].data) if payloads else None))
    return heard


async def rewrite(pool: Pool, booking: UUID, what: str) -> None:
    """Sets columns of a booking's row as if time had gone by: no trigger sees it."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(f"update appointments set {what} where id = $1", booking)


async def committed(pool: Pool, booking: UUID) -> list[tuple[str, str]]:
    """Verb and command id of each transition but the hold, in order."""
    rows = await pool.fetch(
        "select verb, command_id from appointment_transitions"
        " where appointment_id = $1 and verb <> 'hold' order by version",
        booking,
    )
    return [(row["verb"], str(row["command_id"])) for row in rows]
