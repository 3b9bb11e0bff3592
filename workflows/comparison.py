"""Compares the bookings in Postgres with the workflows that run in Temporal."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from db import live_bookings
from db.live_bookings import LiveBooking
from db.pool import Connection
from workflows import BOOKING_STATUS, SLOT_START, booking_id, workflow_id
from workflows.client import reachable
from workflows.delivery import WORKFLOW

RUNNING = f'WorkflowType="{WORKFLOW}" AND ExecutionStatus="Running"'

PAGE = 500
PAGE_TIMEOUT = timedelta(seconds=10)

DESCRIBED_AT_ONCE = 50
DESCRIBE_TIMEOUT = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Shown:
    """What Temporal lists of a running workflow; null: an attribute it was started without."""

    status: str | None
    starts_at: datetime | None

    def agrees(self, booking: LiveBooking) -> bool:
        if self.status not in (None, booking.status):
            return False
        return self.starts_at is None or abs(self.starts_at - booking.starts_at) < timedelta(
            seconds=1
        )


@dataclass(slots=True)
class Differences:
    """Bookings whose workflow must be started or must read the row again."""

    missing: set[UUID] = field(default_factory=set)
    """Live, without a running workflow."""
    outdated: set[UUID] = field(default_factory=set)
    """Their workflow runs, but shows another status or start than the row, or the booking is over.
    """
    without_booking: set[UUID] = field(default_factory=set)
    """Their workflow runs, but there is no row: it was lost in a restore."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.outdated or self.without_booking)

    def __str__(self) -> str:
        return (
            f"{len(self.missing)} live bookings without a workflow,"
            f" {len(self.outdated)} workflows behind or ahead of their booking,"
            f" {len(self.without_booking)} workflows without a booking"
        )

    def __and__(self, other: "Differences") -> "Differences":
        """What both comparisons found."""
        return Differences(
            self.missing & other.missing,
            self.outdated & other.outdated,
            self.without_booking & other.without_booking,
        )


Running = Callable[[Client], Awaitable[dict[UUID, Shown]]]
"""Reads the running workflows of bookings; others' ids are left out."""


async def listed(client: Client) -> dict[UUID, Shown]:
    """As Temporal lists them."""
    workflows = client.list_workflows(RUNNING, rpc_timeout=PAGE_TIMEOUT)
    found = {booking_id(workflow.id): _shown(workflow) async for workflow in workflows}
    return {id: shown for id, shown in found.items() if id}


async def described(client: Client) -> dict[UUID, Shown]:
    """Those listed that run by their own account. Temporal stores the list apart from the
    workflows, so after a restore it can name some that do not exist.
    """
    found: dict[UUID, Shown] = {}
    for ids in _pages(await listed(client), DESCRIBED_AT_ONCE):
        answers = await asyncio.gather(*(_describe(client, id) for id in ids))
        found |= {id: shown for id, shown in zip(ids, answers, strict=True) if shown}
    return found


async def compare(
    connection: Connection, client: Client, settled_after: float, running: Running = listed
) -> Differences:
    """Compares all bookings that have not changed for `settled_after` seconds. Newer ones may not
    be listed yet. Raises UNREACHABLE errors if Temporal does not list its workflows.
    """
    clock = asyncio.get_running_loop().time
    settled = clock() - settled_after  # before the listing begins
    workflows = await running(client)
    found, last = Differences(), None
    while page := await live_bookings.settled(connection, clock() - settled, last, PAGE):
        last = page[-1]
        for booking in page:
            shown = workflows.pop(booking.id, None)
            if shown is None:
                found.missing.add(booking.id)
            elif not shown.agrees(booking):
                found.outdated.add(booking.id)
    for ids in _pages(workflows, PAGE):
        unknown, ended = await live_bookings.over(connection, ids, clock() - settled)
        found.without_booking |= unknown
        found.outdated |= ended
    return found


async def _describe(client: Client, id: UUID) -> Shown | None:
    """What a workflow shows itself; null if it does not run. If Temporal lost its state, each call
    about it can time out (temporalio/temporal#10841).
    """
    handle = client.get_workflow_handle(workflow_id(id))
    try:
        found = await handle.describe(rpc_timeout=DESCRIBE_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND or await reachable(client):
            return None
        raise
    return _shown(found) if found.status is WorkflowExecutionStatus.RUNNING else None


def _shown(workflow: WorkflowExecution) -> Shown:
    attributes = workflow.typed_search_attributes
    return Shown(attributes.get(BOOKING_STATUS), attributes.get(SLOT_START))


def _pages(ids: Iterable[UUID], size: int) -> Iterable[list[UUID]]:
    rest = iter(ids)
    while page := list(itertools.islice(rest, size)):
        yield page
