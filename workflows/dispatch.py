"""The dispatcher: sends committed changes from the inbox to the workflows of their bookings.

It leases, sends and deletes rows in separate statements, so that it holds no lock while it calls
Temporal. If a dispatcher dies, its rows are sent again when their lease ends. That is harmless: the
command has been carried out, so the database treats it as a repeat.
"""

import asyncio
from datetime import timedelta
from functools import partial

from temporalio.client import Client

from db import inbox
from db.inbox import Message
from db.reconnecting import DedicatedConnection, ReconnectingConnection
from workflows import TASK_QUEUE, metrics
from workflows.client import reachable
from workflows.delivery import CALL_TIMEOUT, Deliverer
from workflows.delivery_results import Delivery, Verdict

IN_FLIGHT = 8
"""Maximum number of messages being sent at a time: few enough that the worker has a free task slot
for each start, so that the answer contains the workflow's first task. With 32, nine of ten starts
of a backlog went through Temporal's task queue, for half as much CPU again.
"""

LEASE = timedelta(seconds=CALL_TIMEOUT + 4)
"""Longer than sending a message can take; afterwards another dispatcher sends the row."""

DEBOUNCE = 0.05
"""Shortest time in seconds between two claims: changes of one booking in between become one
message.
"""

POLL = 1.0
"""Seconds between two claims without a notification."""

LONGEST_BACK_OFF = 5.0
"""Longest pause in seconds between two attempts while Temporal does not answer."""


class Dispatcher:
    """Runs in every worker process and uses the worker's client, so that a workflow it starts runs
    in this worker at once. Dispatchers run side by side; each booking has one message in flight.
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
        self._in_flight: set[asyncio.Task[Delivery]] = set()
        self._finished: list[Delivery] = []
        self._failures = 0
        """Consecutive attempts that did not reach Temporal."""
        self._retry_at = 0.0
        self._last_sent = 0.0
        self.sent = 0
        """Messages sent since the start."""
        metrics.IN_FLIGHT.set_function(lambda: len(self._in_flight))
        for state in ("ok", "temporal", "postgres"):
            metrics.DISPATCHER.labels(state).set_function(partial(self._is_in, state))

    async def start(self) -> None:
        """Starts without waiting for Postgres or Temporal; connects as soon as they
        are available.
        """
        await self._connection.start()

    async def stop(self) -> None:
        """Ends within 3 s. Messages in flight are finished if Temporal and Postgres answer."""
        await self._connection.stop(drain=0 if self._connection.error else 2.5)
        for task in self._in_flight:
            task.cancel()

    def wake(self) -> None:
        """To be called when there may be rows in the inbox."""
        self._connection.wake()

    @property
    def trouble(self) -> str:
        """The service that is unavailable: `temporal` or `postgres`; empty while it works."""
        if self._connection.error:
            return "postgres"
        return "temporal" if self._failures else ""

    def _is_in(self, state: str) -> bool:
        return (self.trouble or "ok") == state

    async def _session(self, connection: DedicatedConnection) -> None:
        """Keeps up to IN_FLIGHT messages in flight. Deliveries that finish without a connection are
        settled on the next one.
        """
        await connection.add_listener(inbox.CHANNEL, self._connection.wake)
        while not self._connection.stopping:
            await self._settle(connection)
            await self._send_due(connection)
            self._connection.healthy()
            await self._connection.wait(self._poll)
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=2)
        await self._settle(connection)

    async def _send_due(self, connection: DedicatedConnection) -> None:
        """Claims and sends due rows up to IN_FLIGHT; one at a time while Temporal is
        unavailable.
        """
        free = IN_FLIGHT - len(self._in_flight)
        if self._failures:
            free = 1 if not self._in_flight and self._now() >= self._retry_at else 0
        if not free:
            return
        async with self._connection.query_timeout():
            claimed = await inbox.claim(connection, free, self._lease)
        for message in claimed:
            task = asyncio.create_task(self._deliverer.deliver(message))
            self._in_flight.add(task)
            task.add_done_callback(self._delivered)

    def _delivered(self, task: "asyncio.Task[Delivery]") -> None:
        self._in_flight.discard(task)
        if not task.cancelled():
            self._finished.append(task.result())
            self._connection.wake()

    async def _settle(self, connection: DedicatedConnection) -> None:
        """Deletes the rows of sent messages, backs off refused ones, and releases those that did
        not reach Temporal.
        """
        if not self._finished:
            return
        sent, refused, unavailable = await self._classify()
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

    async def _classify(self) -> tuple[list[Message], list[Message], list[Message]]:
        """The finished messages: sent, refused by Temporal, and not delivered."""
        finished = list(self._finished)
        sent = [d for d in finished if d.verdict is Verdict.SENT]
        refused = [d for d in finished if d.verdict is Verdict.REFUSED]
        unavailable = [d for d in finished if d.verdict is Verdict.UNAVAILABLE]
        if sent:
            self._last_sent = self._now()
        lost = [d for d in unavailable if d.began < self._last_sent]
        if lost and await reachable(self._client):
            # Temporal answered other messages meanwhile and is reachable, so these bookings are the
            # problem: if Temporal lost a workflow's state, each call about it times out
            # (temporalio/temporal#10841).
            refused += lost
            unavailable = [d for d in unavailable if d not in lost]
        return _messages(sent), _messages(refused), _messages(unavailable)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _messages(deliveries: list[Delivery]) -> list[Message]:
    return [delivery.message for delivery in deliveries]
