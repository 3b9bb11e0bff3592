"""The reconciler: expires overdue holds that no worker expired, restarts missing workflows, and
makes outdated ones read their booking again.

Workflows are missing or outdated if they were terminated, or if Temporal or Postgres was restored
from a backup. Temporal's list is only used to start and wake workflows, never to end a booking.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from db import booking_state, idempotency, inbox, leadership
from db.pool import UNAVAILABLE, connect
from db.reconnecting import DedicatedConnection, ReconnectingConnection
from domain.messages import LOOK
from services.metrics import HOLD_LATENESS
from workflows import metrics, workflow_id
from workflows.client import UNREACHABLE
from workflows.comparison import PAGE_TIMEOUT, Differences, compare

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

LOOKS = 15
LOOKS_EVERY = 0.25
"""Rate limit for restarts: so many, every so many seconds. Commands wait behind one batch at most.
"""

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
        metrics.RECONCILER_LEADER.set(1)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._sweep(connection))
                tasks.create_task(self._reconcile())
        finally:
            metrics.RECONCILER_LEADER.set(0)

    async def _sweep(self, connection: DedicatedConnection) -> None:
        while True:
            late = await booking_state.expire_overdue(connection, self._grace, SWEEP_LIMIT)
            self._connection.healthy()
            if late:
                metrics.OVERDUE.inc(len(late))
                for seconds in late:
                    HOLD_LATENESS.observe(seconds)
                log.info("expired %d overdue holds", len(late))
                self._on_change()
            await idempotency.delete_old(connection, SWEEP_LIMIT)
            if len(late) < SWEEP_LIMIT:
                await asyncio.sleep(self._sweep_every)

    async def _reconcile(self) -> None:
        while True:
            pause = self._reconcile_every
            try:
                if found := await self.reconcile():
                    metrics.MISSING.inc(len(found.missing))
                    metrics.OUTDATED.inc(len(found.outdated) + len(found.without_booking))
                    log.warning("%s", found)
            except (*UNREACHABLE, *UNAVAILABLE) as error:
                metrics.FAILURES.inc()
                log.warning("cannot compare workflows with bookings: %r", error)
                pause = min(pause, RETRY_AFTER)
            await asyncio.sleep(pause)

    async def reconcile(self) -> Differences:
        """Compares, and repairs what differs. Returns what did."""
        connection = await connect(self._dsn, "reconciler listing")
        try:
            found = await compare(connection, self._client, self._settled_after)
            await repair(connection, self._client, found)
            return found
        finally:
            with contextlib.suppress(*UNAVAILABLE):
                await connection.close(timeout=0.5)


async def repair(connection: DedicatedConnection, client: Client, found: Differences) -> None:
    """Queues a `look` for each missing and outdated workflow: dispatchers start or signal it. Those
    without a booking are signalled directly, and close.
    """
    for batch in _batches([*found.missing, *found.outdated]):
        await inbox.look(connection, batch)
        await asyncio.sleep(LOOKS_EVERY)
    for id in found.without_booking:
        await _signal_look(client, id)


async def _signal_look(client: Client, id: UUID) -> None:
    try:
        handle = client.get_workflow_handle(workflow_id(id))
        await handle.signal(LOOK, rpc_timeout=PAGE_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # it has closed meanwhile
            raise


def _batches(ids: list[UUID]) -> Iterable[list[UUID]]:
    return (ids[first : first + LOOKS] for first in range(0, len(ids), LOOKS))
