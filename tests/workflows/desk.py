"""A front desk for tests: books by the API's commands or by Temporal, and looks what came of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import (
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.worker import Worker
from uuid_utils.compat import uuid7

from activities.advance import BookingActivities
from db.pool import Pool
from domain.actors import CLINIC
from domain.appointments import NO_TEXTS, Change, Hold, Result, Via
from domain.booking import RULES, Outcome, Verb
from domain.messages import Answer, BookingInput, BookingState, Command, HoldRequest
from services import booking as commands
from tests.support import AMARA, ANA, HANG, begin_visit
from workflows import search_attributes, workflow_id
from workflows.booking import BookingWorkflow
from workflows.worker import build_worker

BERLIN = ZoneInfo("Europe/Berlin")
VISIT = "consultation"
"""20 minutes without chair or buffer: 18 of them a day on every second step of the grid."""

STARTS = [(hour, minute) for hour in (*range(8, 12), *range(13, 18)) for minute in (0, 30)]
TASK_TIMEOUT = timedelta(seconds=2)
"""Shorter than in production, so that a killed worker's task is given out again soon."""

Handle = WorkflowHandle[BookingWorkflow, BookingState]


@dataclass
class Desk:
    client: Client
    pool: Pool
    queue: str
    task_timeout: timedelta = TASK_TIMEOUT
    _slots: Any = field(default_factory=count)

    def next_slot(self) -> datetime:
        """A start that this test has not used yet."""
        day, nth = divmod(next(self._slots), len(STARTS))
        week, weekday = divmod(day, 5)
        today = datetime.now(BERLIN).date()
        date = today + timedelta(days=7 * (week + 1) - today.weekday() + weekday)
        hour, minute = STARTS[nth]
        local = datetime(date.year, date.month, date.day, hour, minute, tzinfo=BERLIN)
        return local.astimezone(UTC)

    def request(self, starts_at: datetime | None = None, **fields: str) -> HoldRequest:
        starts = (starts_at or self.next_slot()).isoformat()
        return HoldRequest(
            str(AMARA), str(ANA), **({"appointment_type": VISIT, "starts_at": starts} | fields)
        )

    async def holds_last(self, seconds: float) -> None:
        async with self.pool.acquire() as connection:
            await connection.execute(
                "update appointment_types set hold_for = make_interval(secs => $1)", seconds
            )

    async def needs_approval(self, seconds: float = 3600) -> None:
        async with self.pool.acquire() as connection:
            await connection.execute(
                """
                update appointment_types
                   set needs_approval = true, approval_for = make_interval(secs => $1)
                """,
                seconds,
            )

    async def hold(self, starts_at: datetime | None = None) -> UUID:
        """Held by the API, before any dispatcher knows."""
        starts = starts_at or self.next_slot()
        command = Hold(uuid7(), uuid7(), AMARA, ANA, VISIT, starts, ANA)
        async with self.pool.acquire() as connection:
            result = await commands.hold(connection, command, CLINIC, Via.API)
        assert result.outcome is Outcome.DONE, result
        return command.id

    async def change(self, id: UUID, verb: Verb, command_id: UUID | None = None) -> Result:
        """Changed by the API, before any dispatcher knows; a check-in on the day of the visit."""
        if RULES[verb].earliest:
            await begin_visit(self.pool, id)
        texts = {"notes": "new"} if verb is Verb.EDIT else NO_TEXTS
        command = Change(id, verb, command_id or uuid7(), texts=texts)
        async with self.pool.acquire() as connection:
            return await commands.change(connection, command, CLINIC, Via.API)

    async def begin(
        self,
        id: UUID,
        command: Command | None = None,
        attributes: TypedSearchAttributes | None = None,
    ) -> Handle:
        """As the dispatcher starts a booking that the API has just made."""
        booking = BookingInput(str(id), todo=[command or await self.last_command(id)])
        return await self.start(id, booking=booking, attributes=attributes)

    async def last_command(self, id: UUID) -> Command:
        """As the dispatcher sends what the API has carried out last."""
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(
                "select verb, command_id, actor from appointments where id = $1", id
            )
        return Command(row["verb"], str(row["command_id"]), row["actor"])

    async def attributes(self, id: UUID) -> TypedSearchAttributes:
        """All search attributes, as the dispatcher gives them to a new workflow."""
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(
                "select status, clinic_id, dentist_id, starts_at from appointments where id = $1",
                id,
            )
        return TypedSearchAttributes(search_attributes(*row))

    async def start(
        self,
        id: UUID | str,
        signal: str | None = None,
        command: Command | None = None,
        *,
        booking: BookingInput | None = None,
        attributes: TypedSearchAttributes | None = None,
        reuse: WorkflowIDReusePolicy = WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    ) -> Handle:
        """As the dispatcher starts and signals it."""
        return await self.client.start_workflow(
            BookingWorkflow.run,
            booking or BookingInput(str(id)),
            id=workflow_id(id),
            task_queue=self.queue,
            task_timeout=self.task_timeout,
            id_reuse_policy=reuse,
            start_signal=signal,
            start_signal_args=[command] if command else [],
            search_attributes=attributes,
        )

    async def ask_hold(self, booking: BookingInput, update_id: str | None = None) -> Answer:
        """Update-with-start: a booking without the API."""
        start = WithStartWorkflowOperation(
            BookingWorkflow.run,
            booking,
            id=workflow_id(booking.id),
            task_queue=self.queue,
            task_timeout=self.task_timeout,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        return await self.client.execute_update_with_start_workflow(
            BookingWorkflow.ask_hold, start_workflow_operation=start, id=update_id
        )

    def handle(self, id: UUID | str) -> Handle:
        return self.client.get_workflow_handle_for(BookingWorkflow.run, workflow_id(id))

    async def status(self, id: UUID | str) -> str | None:
        async with self.pool.acquire() as connection:
            return await connection.fetchval(
                "select status from appointments where id = $1", UUID(str(id))
            )

    async def verbs(self, id: UUID | str) -> list[str]:
        """The booking's transitions, oldest first."""
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(
                """
                select verb from appointment_transitions where appointment_id = $1 order by version
                """,
                UUID(str(id)),
            )
        return [row["verb"] for row in rows]

    async def events(self, id: UUID | str) -> list[str]:
        """What the outbox says of the booking."""
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(
                "select kind from outbox where entity_id = $1 order by id", UUID(str(id))
            )
        return [row["kind"].removeprefix("appointment.") for row in rows]

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """Nobody else gets an answer about appointments meanwhile."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("lock table appointments in access exclusive mode")
            yield

    @asynccontextmanager
    async def working(self, pool: "Pool | None" = None, **overrides: Any) -> AsyncIterator[Worker]:
        activities = BookingActivities(pool or self.pool, lambda: None)
        async with build_worker(
            self.client, activities, task_queue=self.queue, **overrides
        ) as worker:
            yield worker


async def has_looked(handle: Handle) -> bool:
    return await handle.query(BookingWorkflow.state) is not None


async def has_read(handle: Handle, version: int) -> bool:
    """Whether the workflow has read the booking at this version or a later one."""
    state = await handle.query(BookingWorkflow.state)
    return state is not None and state.version >= version


async def current_details(handle: Handle) -> str:
    """The Markdown that the Web UI shows of a running workflow."""
    metadata = await handle.query("__temporal_workflow_metadata")
    return metadata.current_details


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = HANG) -> float:
    """Waits for a condition; how long that took. Raises TimeoutError."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - it is in another process
            await asyncio.sleep(0.02)
    return time.monotonic() - began
