"""The dispatcher: sends committed changes from the inbox to the workflows of their bookings.

It leases rows, sends them, and deletes them, each in a statement of its own, so that it holds no
lock while it talks to Temporal. A dispatcher that dies leaves its rows to be sent again when their
lease ends. That changes nothing: the command was carried out, and is a repeat to the database.
"""

import asyncio
import logging
from datetime import timedelta

from temporalio.client import Client

from db import inbox
from db.inbox import Message
from db.reconnecting import DedicatedConnection, ReconnectingConnection
from workflows import TASK_QUEUE
from workflows.client import reachable
from workflows.delivery import CALL_TIMEOUT, Deliverer, Delivery, Verdict

IN_FLIGHT = 32
"""Messages that are being sent at a time."""

LEASE = timedelta(seconds=CALL_TIMEOUT + 4)
"""Longer than a message can take; after it another dispatcher sends the row."""

DEBOUNCE = 0.05
"""Seconds between two looks at the inbox: changes of one booking meanwhile are one message."""

POLL = 1.0
"""Seconds until the inbox is looked at without a notification."""

LONGEST_BACK_OFF = 5.0
"""Seconds between two attempts while Temporal does not answer."""

log = logging.getLogger(__name__)


class Dispatcher:
    """Runs in every worker process, over the worker's own client: a workflow that it starts has its
    first task at once. Several run side by side; each booking has one message under way.
    """

    def __init__(
        self,
        dsn: str,
        client: Client,
        *,
        task_queue: str = TASK_QUEUE,
        poll: float = POLL,
        lease: timedelta = LEASE,
    ) -> None:
        self._client = client
        self._deliverer = Deliverer(client, task_queue)
        self._poll = poll
        self._lease = lease
        self._connection = ReconnectingConnection(
            dsn, "dispatcher", self._session, debounce=DEBOUNCE
        )
        self._under_way: set[asyncio.Task[Delivery]] = set()
        self._finished: list[Delivery] = []
        self._failures = 0
        """Attempts in a row that found no Temporal."""
        self._retry_at = 0.0
        self._last_sent = 0.0
        self.sent = 0
        """Messages sent since the start."""

    async def start(self) -> None:
        """Succeeds without Postgres and without Temporal: both are waited for."""
        await self._connection.start()

    async def stop(self) -> None:
        """Ends within 3 s. Messages under way are finished where Temporal and Postgres answer."""
        await self._connection.stop(drain=0 if self._connection.error else 2.5)
        for task in self._under_way:
            task.cancel()

    def wake(self) -> None:
        """Says that there may be something in the inbox."""
        self._connection.wake()

    @property
    def trouble(self) -> str:
        """What it waits for: `temporal` or `postgres`; empty while it works."""
        if self._connection.error:
            return "postgres"
        return "temporal" if self._failures else ""

    async def _session(self, connection: DedicatedConnection) -> None:
        """Keeps up to IN_FLIGHT messages under way. What finished while there was no connection is
        settled on the next one.
        """
        await connection.add_listener(inbox.CHANNEL, self._connection.wake)
        while not self._connection.stopping:
            await self._settle(connection)
            await self._send_due(connection)
            self._connection.healthy()
            await self._connection.wait(self._poll)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=2)
        await self._settle(connection)

    async def _send_due(self, connection: DedicatedConnection) -> None:
        """Fills the free places; without Temporal, one at a time to try whether it is back."""
        free = IN_FLIGHT - len(self._under_way)
        if self._failures:
            free = 1 if not self._under_way and self._now() >= self._retry_at else 0
        if not free:
            return
        async with self._connection.query_timeout():
            claimed = await inbox.claim(connection, free, self._lease)
        for message in claimed:
            task = asyncio.create_task(self._deliverer.deliver(message))
            self._under_way.add(task)
            task.add_done_callback(self._delivered)

    def _delivered(self, task: "asyncio.Task[Delivery]") -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            self._finished.append(task.result())
            self._connection.wake()

    async def _settle(self, connection: DedicatedConnection) -> None:
        """Deletes the rows that were sent, backs off those that were refused, and releases those
        that found no Temporal.
        """
        if not self._finished:
            return
        sent, refused, unavailable = await self._sorted()
        async with self._connection.query_timeout():
            await inbox.sent(connection, sent, self._lease)
            await inbox.refused(connection, refused)
            await inbox.release(connection, unavailable)
        del self._finished[: len(sent) + len(refused) + len(unavailable)]
        self.sent += len(sent)
        if unavailable:
            self._failures += 1
            pause = min(LONGEST_BACK_OFF, 0.25 * 2 ** min(self._failures - 1, 6))
            self._retry_at = self._now() + pause
        elif sent:
            self._failures = 0

    async def _sorted(self) -> tuple[list[Message], list[Message], list[Message]]:
        """The messages that were sent, that Temporal refused, and that found no Temporal."""
        finished = list(self._finished)
        sent = [d for d in finished if d.verdict is Verdict.SENT]
        refused = [d for d in finished if d.verdict is Verdict.REFUSED]
        unavailable = [d for d in finished if d.verdict is Verdict.UNAVAILABLE]
        if sent:
            self._last_sent = self._now()
        lost = [d for d in unavailable if d.began < self._last_sent]
        if lost and await reachable(self._client):
            # It answered others meanwhile, and it still answers: then it is about these bookings.
            # One whose state Temporal lost times out for ever (temporalio/temporal#10841).
            refused += lost
            unavailable = [d for d in unavailable if d not in lost]
        if refused:
            log.warning("Temporal refuses: %s", {d.why for d in refused})
        if unavailable and not self._failures:
            log.warning("dispatch waits for Temporal: %s", unavailable[0].why)
        return _messages(sent), _messages(refused), _messages(unavailable)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _messages(deliveries: list[Delivery]) -> list[Message]:
    return [delivery.message for delivery in deliveries]
