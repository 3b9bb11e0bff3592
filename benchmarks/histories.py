"""When a workflow had carried something out, by its own history."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.service import RPCError

J = TypeVar("J")
T = TypeVar("T")
AT_ONCE = 16
PATIENCE = 60.0
TASK_DONE = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
ACTIVITY_DONE = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
UPDATE_DONE = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
CLOSED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


async def events(client: Client, id: str) -> Sequence[HistoryEvent]:
    """Of the latest run; empty where there is no such workflow."""
    try:
        return (await client.get_workflow_handle(id).fetch_history()).events
    except RPCError:
        return ()


def looked(history: Iterable[HistoryEvent], signal: str | None = None) -> float | None:
    """When the first workflow task after the signal (or after the start) was done, and with it the
    local activity that carried the command out; None if it is not.
    """
    heard = signal is None
    for event in history:
        if event.event_type == SIGNALED:
            name = event.workflow_execution_signaled_event_attributes.signal_name
            heard = heard or name == signal
        if heard and event.event_type == TASK_DONE:
            return at(event)
    return None


def first(history: Iterable[HistoryEvent], kind: "EventType.ValueType") -> float | None:
    return next((at(event) for event in history if event.event_type == kind), None)


def at(event: HistoryEvent) -> float:
    """As seconds since the epoch."""
    return event.event_time.ToMicroseconds() / 1e6


async def each(things: Iterable[J], read: Callable[[J], Awaitable[T]]) -> list[T]:
    """`read` of each, a few at a time."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(thing: J) -> T:
        async with turn:
            return await read(thing)

    return await asyncio.gather(*map(one, things))


async def until_looked(client: Client, ids: Iterable[str]) -> list[float | None]:
    """When each workflow had first looked at its row; None after PATIENCE without it."""

    async def look(id: str) -> float | None:
        return await _until(client, id, looked)

    return await each(ids, look)


async def until_caught_up(client: Client, ids: Iterable[str]) -> list[float]:
    """When the last workflow task of each had ended that was begun by a message; those that have
    none yet are waited for. Raises TimeoutError after PATIENCE.
    """

    async def look(id: str) -> float:
        done = await _until(client, id, _caught_up)
        if done is None:
            raise TimeoutError(f"{id} has not caught up")
        return done

    return await each(ids, look)


def _caught_up(history: Iterable[HistoryEvent]) -> float | None:
    """When the workflow task was done that took the latest message; None where one is due."""
    done: float | None = None
    for event in history:
        if event.event_type in (SIGNALED, SCHEDULED):
            done = None
        elif event.event_type == TASK_DONE and done is None:
            done = at(event)
    return done


async def until_closed(client: Client, ids: Iterable[str]) -> list[float]:
    """When each workflow had completed. Raises TimeoutError after PATIENCE."""

    async def look(id: str) -> float:
        closed = await _until(client, id, lambda history: first(history, CLOSED))
        if closed is None:
            raise TimeoutError(f"{id} is still open")
        return closed

    return await each(ids, look)


async def _until(
    client: Client, id: str, read: Callable[[Sequence[HistoryEvent]], float | None]
) -> float | None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = read(await events(client, id))
        if found is not None:
            return found
        await asyncio.sleep(0.5)
    return None
