"""The reconciler: expires overdue holds that no worker expired, and restarts missing workflows.

Workflows are missing if they were terminated, or Temporal lost them. Temporal's list is only used
to start workflows, never to end a booking.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client

from db import booking_state, idempotency, inbox, leadership
from db.pool import UNAVAILABLE, connect
from db.reconnecting import DedicatedConnection, ReconnectingConnection
from workflows import workflow_id
from workflows.client import UNREACHABLE
from workflows.delivery import WORKFLOW

RUNNING = f'WorkflowType="{WORKFLOW}" AND ExecutionStatus="Running"'

SWEEP_EVERY = 5.0
GRACE = 5.0
"""Seconds after its deadline that a hold is left to the workers to expire."""

SWEEP_LIMIT = 200

LEADER_TIMEOUT = 20.0
"""Seconds without a query after which Postgres closes the leader's session, so that a process that
hangs loses the lead.
"""

RECONCILE_EVERY = 600.0
SETTLED_AFTER = 60.0
"""Seconds since a booking's last change after which Temporal should list its workflow."""

RETRY_AFTER = 30.0
"""Seconds until a failed comparison is tried again."""

LOOKS_PER_SECOND = 20
"""Rate limit for restarts, a fraction of what dispatchers can send, as commands come first."""

PAGE = 500
PAGE_TIMEOUT = timedelta(seconds=10)

log = logging.getLogger(__name__)


class Reconciler:
    """Runs in every API process; the elected leader does the work."""

    def __init__(
        self,
        dsn: str,
        client: Client,
        on_change: Callable[[], None] = lambda: None,
        *,
        sweep_every: float = SWEEP_EVERY,
        grace: float = GRACE,
        reconcile_every: float = RECONCILE_EVERY,
        settled_after: float = SETTLED_AFTER,
    ) -> None:
        """`on_change` is called after a sweep that expired holds."""
        self._dsn = dsn
        self._connection = ReconnectingConnection(dsn, "reconciler", self._session)
        self._client = client
        self._on_change = on_change
        self._sweep_every = sweep_every
        self._grace = grace
        self._reconcile_every = reconcile_every
        self._settled_after = settled_after

    async def start(self) -> None:
        """Succeeds without Postgres and without Temporal: both are waited for."""
        await self._connection.start()

    async def stop(self) -> None:
        """Gives up the lead; another process takes over."""
        await self._connection.stop()

    async def _session(self, connection: DedicatedConnection) -> None:
        """Waits to become the leader, then leads until the connection breaks."""
        while not await leadership.lead(connection, leadership.RECONCILER, LEADER_TIMEOUT):
            self._connection.healthy()
            await asyncio.sleep(self._sweep_every)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweep(connection))
            tasks.create_task(self._reconcile())

    async def _sweep(self, connection: DedicatedConnection) -> None:
        while True:
            ended = await booking_state.expire_overdue(connection, self._grace, SWEEP_LIMIT)
            self._connection.healthy()
            if ended:
                log.info("expired %d overdue holds", ended)
                self._on_change()
            await idempotency.delete_old(connection, SWEEP_LIMIT)
            if ended < SWEEP_LIMIT:
                await asyncio.sleep(self._sweep_every)

    async def _reconcile(self) -> None:
        while True:
            pause = self._reconcile_every
            try:
                if asked := await self.reconcile():
                    log.warning("restarting the missing workflows of %d bookings", asked)
            except (*UNREACHABLE, *UNAVAILABLE) as error:
                log.warning("cannot compare workflows with bookings: %r", error)
                pause = min(pause, RETRY_AFTER)
            await asyncio.sleep(pause)

    async def reconcile(self) -> int:
        """Queues an inbox row for each live booking without a workflow. Returns how many."""
        clock = asyncio.get_running_loop().time
        # Only bookings unchanged since before the listing began: newer ones may not be listed yet.
        settled = clock() - self._settled_after
        running = await self._running()

        connection = await connect(self._dsn, "reconciler listing")
        try:
            asked, last = 0, None
            while page := await inbox.unannounced(connection, clock() - settled, last, PAGE):
                last = page[-1]
                missing = [id_ for _, id_ in page if workflow_id(id_) not in running]
                asked += await self._look(connection, missing)
            return asked
        finally:
            with contextlib.suppress(*UNAVAILABLE):
                await connection.close(timeout=0.5)

    async def _running(self) -> set[str]:
        listed = self._client.list_workflows(RUNNING, rpc_timeout=PAGE_TIMEOUT)
        return {workflow.id async for workflow in listed}

    async def _look(self, connection: DedicatedConnection, missing: list[UUID]) -> int:
        asked = 0
        for first in range(0, len(missing), LOOKS_PER_SECOND):
            asked += await inbox.look(connection, missing[first : first + LOOKS_PER_SECOND])
            await asyncio.sleep(1)
        return asked
