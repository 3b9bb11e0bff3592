"""The feeder: queues deliveries for new events, and wakes the workflows of endpoints with work."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy

from db import leadership, webhook_deliveries, webhooks
from db.outages import OutageLog
from db.reconnecting import DedicatedConnection, ReconnectingConnection
from webhooks import TASK_QUEUE, WORKFLOW, workflow_id
from webhooks.queueing import queue_new_events
from workflows.client import UNREACHABLE
from workflows.delivery import TASK_TIMEOUT

EVENTS = "realtime"
"""The channel on which the relay notifies of new events."""

POLL = 0.5
"""Seconds between two rounds without a notification, and two signals to one workflow."""

LEADER_TIMEOUT = 20.0
"""Seconds without a query after which a leader loses the lead."""

RPC_TIMEOUT = timedelta(seconds=3)
BACK_OFF = 5.0
"""Seconds until Temporal is called again after it did not answer. Events are queued meanwhile."""

CLEAN_EVERY = 60.0
CLEAN_LIMIT = 1000

log = logging.getLogger(__name__)


class Feeder:
    """Runs in every worker process; the elected leader does the work."""

    def __init__(
        self, dsn: str, client: Client, *, task_queue: str = TASK_QUEUE, poll: float = POLL
    ) -> None:
        self._connection = ReconnectingConnection(dsn, "webhook feeder", self._session)
        self._client = client
        self._task_queue = task_queue
        self._poll = poll
        self._signalled: dict[UUID, float] = {}
        """When each workflow was last signalled, by the event loop's clock."""
        self._outage = OutageLog(log, "cannot wake the workflows of webhooks")
        self._retry_at = 0.0
        self._cleaned_at = float("-inf")

    async def start(self) -> None:
        """Succeeds without Postgres and without Temporal: both are waited for."""
        await self._connection.start()

    async def stop(self) -> None:
        """Gives up the lead; another process takes over."""
        await self._connection.stop()

    async def _session(self, connection: DedicatedConnection) -> None:
        """Waits to become the leader, then leads until the connection breaks."""
        while not await leadership.lead(connection, leadership.WEBHOOKS, LEADER_TIMEOUT):
            self._connection.healthy()
            await self._connection.wait(self._poll)
        await connection.add_listener(EVENTS, self._connection.wake)
        while not self._connection.stopping:
            async with self._connection.query_timeout():
                await webhooks.switch_off_without_owner(connection)
                _, more = await queue_new_events(connection)
                due = await webhooks.due(connection)
            await self._wake(due)
            await self._clean(connection)
            self._connection.healthy()
            if not more:
                await self._connection.wait(self._poll)

    async def _wake(self, endpoints: Iterable[UUID]) -> None:
        """Signals the workflows of these endpoints, and starts those that do not run. If Temporal
        does not answer, a later round does it: the deliveries are still due.
        """
        now = asyncio.get_running_loop().time()
        recent = {id: at for id, at in self._signalled.items() if now - at < self._poll}
        self._signalled = recent
        if now < self._retry_at:
            return
        try:
            for id in endpoints:
                if id not in recent:
                    await self._signal(id)
                    self._outage.worked()
                    recent[id] = now
        except UNREACHABLE as error:
            self._outage.failed(type(error).__name__)
            self._retry_at = now + BACK_OFF

    async def _signal(self, endpoint_id: UUID) -> None:
        async with asyncio.timeout(RPC_TIMEOUT.total_seconds()):
            await self._client.start_workflow(
                WORKFLOW,
                str(endpoint_id),
                id=workflow_id(endpoint_id),
                task_queue=self._task_queue,
                start_signal="wake",
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                task_timeout=TASK_TIMEOUT,
                rpc_timeout=RPC_TIMEOUT,
            )

    async def _clean(self, connection: DedicatedConnection) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._cleaned_at >= CLEAN_EVERY:
            async with self._connection.query_timeout():
                await webhook_deliveries.delete_old(connection, CLEAN_LIMIT)
            self._cleaned_at = now
