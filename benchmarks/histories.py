"""When workflows had caught up with their messages, according to their histories."""

import asyncio
import time
from collections.abc import Iterable, Sequence

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.service import RPCError

AT_ONCE = 16
TIMEOUT = 60.0
TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
MESSAGES = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
)


async def until_caught_up(client: Client, ids: Iterable[str]) -> list[float]:
    """Waits until each workflow has processed its messages; when it completed the workflow task
    that did, in seconds since the epoch. Raises TimeoutError after TIMEOUT.
    """
    turn = asyncio.Semaphore(AT_ONCE)

    async def wait(id: str) -> float:
        async with turn:
            return await _until_caught_up(client, id)

    return await asyncio.gather(*map(wait, ids))


async def _until_caught_up(client: Client, id: str) -> float:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        completed = _caught_up(await _events(client, id))
        if completed is not None:
            return completed
        await asyncio.sleep(0.5)
    raise TimeoutError(f"{id} has not caught up")


async def _events(client: Client, id: str) -> Sequence[HistoryEvent]:
    """The events of the latest run; empty if there is no such workflow."""
    try:
        return (await client.get_workflow_handle(id).fetch_history()).events
    except RPCError:
        return ()


def _caught_up(history: Iterable[HistoryEvent]) -> float | None:
    """When the workflow task for the latest message was completed; None while one is due."""
    completed: float | None = None
    for event in history:
        if event.event_type in MESSAGES:
            completed = None
        elif event.event_type == TASK_COMPLETED and completed is None:
            completed = event.event_time.ToMicroseconds() / 1e6
    return completed
