"""The dispatcher: carries committed commands from the inbox to their workflows.

What is sent is deleted in the transaction that took it, which need not reach the disk. Whoever dies
in between leaves it to be sent again, which changes nothing: it is news of what the row is then,
and nothing to be carried out. A hold does not follow a workflow that has seen the booking's end.
"""

import asyncio
import contextlib
import logging

from temporalio.client import Client

from db import inbox
from db.pool import UNAVAILABLE, Connection, connect
from workflows import TASK_QUEUE
from workflows.client import reachable
from workflows.lull import Lull
from workflows.sender import Delivery, Sender, Verdict

LANES = 2
"""Batches at a time: while one waits for its slowest call, the other takes what came meanwhile."""

BATCH = 16
"""Bookings per batch."""

POLL = 1.0
"""Seconds until what nobody rang for is found: put off, or committed while nobody could ring."""

SHORTEST_PAUSE = 0.25
LONGEST_PAUSE = 5.0

log = logging.getLogger(__name__)


class TemporalAway(Exception):
    """Temporal takes no messages now."""


class Dispatcher:
    """Runs in every worker process, over the worker's own client: a workflow that it starts has its
    first task at once. Side by side they lose nothing, and each booking's commands arrive in the
    order of their commits.
    """

    def __init__(
        self,
        dsn: str,
        client: Client,
        *,
        task_queue: str = TASK_QUEUE,
        lanes: int = LANES,
        poll: float = POLL,
        lull: Lull | None = None,
    ) -> None:
        """Each lane has one connection of its own; all go by one lull."""
        self._dsn = dsn
        self._client = client
        self._sender = Sender(client, task_queue)
        self._poll = poll
        self._bell: asyncio.Queue[None] = asyncio.Queue(1)  # a ring wakes one lane
        self._head = 0  # of the event log, as far as it was heard of
        self._lull = lull or Lull()
        self._stopping = asyncio.Event()
        self._troubles = [""] * lanes
        self.sent = 0
        """Rows sent since the start."""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Succeeds without Postgres and without Temporal: both are waited for."""
        lanes = [self._lane(number) for number in range(len(self._troubles))]
        self._tasks = [asyncio.create_task(loop) for loop in (self._listen(), *lanes)]

    async def stop(self) -> None:
        """Ends within 3 s. Batches in hand are finished where Temporal and Postgres let them."""
        self._stopping.set()
        self.wake()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=2.0)
            for task in late:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=0.8)

    def wake(self, events: int = 1) -> None:
        """Says that there may be something in the inbox, with so many events. Many are one."""
        self._lull.heard(events)
        self._ring()

    @property
    def trouble(self) -> str:
        """What it waits for: `temporal`, `postgres`, `unknown` (see the log); empty: it works."""
        return next(filter(None, self._troubles), "")

    async def _listen(self) -> None:
        """Rings when the log has grown, and after each pause for what no bell tells of."""
        while not self._stopping.is_set():
            try:
                await self._hear()
            except Exception as error:
                log.debug("dispatch hears no bell: %r", error)
            self.wake()
            await self._stopped_within(self._poll)

    async def _hear(self) -> None:
        connection = await connect(self._dsn, "dispatcher's bell")
        try:
            await connection.add_listener(inbox.BELL, self._rung)
            while not connection.is_closed() and not await self._stopped_within(self._poll):
                self.wake()
        finally:
            connection.terminate()

    def _rung(self, _connection: object, _pid: int, _channel: str, head: object) -> None:
        """The event log has grown up to `head`."""
        before, self._head = self._head, int(str(head))
        self.wake(max(1, self._head - before) if before else 1)

    async def _lane(self, number: int) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                await self._serve(number)
            except Exception as error:
                failures = failures + 1 if self._troubles[number] else 1
                self._troubles[number] = _trouble(error)
                if failures == 1:
                    log.warning("dispatch waits for %s: %r", _trouble(error), error)
                await self._stopped_within(
                    min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** min(failures - 1, 6))
                )
        self.wake()  # the next lane ends too

    async def _serve(self, number: int) -> None:
        """Sends a batch, waits for the bell, and so on. A failure lets the connection go."""
        connection = await connect(self._dsn, "dispatcher", durable=False)
        try:
            while not self._stopping.is_set():
                looked = await self._lull.wait()
                if self._stopping.is_set():
                    break
                heard = self._lull.events
                found, more = await self._batch(connection)
                self._lull.looked(looked, more)
                self._troubles[number] = ""
                if found and heard != self._lull.events:
                    self._ring()  # whoever looked meanwhile passed over bookings that were in hand
                await self._bell.get()
        finally:
            with contextlib.suppress(*UNAVAILABLE):
                await connection.close(timeout=0.5)

    async def _batch(self, connection: Connection) -> tuple[bool, bool]:
        """Sends a batch: was there one, may there be more? Raises TemporalAway if some is left."""
        async with connection.transaction():
            parcels = await inbox.take(connection, BATCH)
            more = len(parcels) == BATCH or any(len(p.rows) == inbox.ROWS for p in parcels)
            if more:
                self._ring()
            deliveries = await asyncio.gather(*map(self._sender.deliver, parcels))
            away = await self._settle(connection, deliveries)

        self.sent += sum(len(delivery.sent) for delivery in deliveries)
        if away:
            raise TemporalAway(away[0].why)
        return bool(parcels), more

    async def _settle(self, connection: Connection, deliveries: list[Delivery]) -> list[Delivery]:
        """Deletes what was sent, puts off what was refused; returns what found nobody there."""
        sent = [id_ for delivery in deliveries for id_ in delivery.sent]
        refused = [delivery for delivery in deliveries if delivery.verdict is Verdict.REFUSED]
        away = [delivery for delivery in deliveries if delivery.verdict is Verdict.AWAY]

        if sent:
            await inbox.delete(connection, sent)
        if sent and away and await reachable(self._client):
            # It answered others, and it still answers: then it is about these bookings. One whose
            # state Temporal lost times out for ever (temporalio/temporal#10841).
            refused, away = refused + away, []
        if refused:
            log.warning("Temporal refuses: %s", {delivery.why for delivery in refused})
            await inbox.refused(connection, [delivery.failed for delivery in refused])
        return away

    def _ring(self) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._bell.put_nowait(None)

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()


def _trouble(error: Exception) -> str:
    if isinstance(error, TemporalAway):
        return "temporal"
    return "postgres" if isinstance(error, UNAVAILABLE) else "unknown"
