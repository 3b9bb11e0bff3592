"""The dispatcher: carries committed commands from the inbox to their workflows.

What is sent is deleted in the transaction that took it. Whoever dies in between leaves it to be
sent again, which changes nothing: a workflow knows each command by its id, and a start looks at the
row.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from temporalio.client import Client

from db import inbox
from db.pool import UNAVAILABLE, Connection, connect
from workflows import TASK_QUEUE
from workflows.client import reachable
from workflows.sender import Delivery, Sender, Verdict

LANES = 2
"""Batches at a time: while one waits for its slowest call, the other takes what came meanwhile."""

BATCH = 16
"""Bookings per batch."""

POLL = 1.0
"""Seconds until what nobody rang for is found: put off, or committed by a process that died."""

BREATH = 0.05
"""Seconds that a lane rests after a batch: what is committed meanwhile goes together, and who waits
for an answer goes first.
"""

SHORTEST_PAUSE = 0.25
LONGEST_PAUSE = 5.0

log = logging.getLogger(__name__)


class TemporalAway(Exception):
    """Temporal takes no messages now."""


@dataclass(frozen=True, slots=True)
class Health:
    trouble: str
    """What dispatch waits for: `temporal`, `postgres`, `unknown` (see the log); empty: it works."""
    sent: int
    """Rows sent since the start."""


class Dispatcher:
    """Runs in every API process. Side by side they lose nothing, and each booking's commands arrive
    in the order of their commits.
    """

    def __init__(
        self,
        dsn: str,
        client: Client,
        *,
        task_queue: str = TASK_QUEUE,
        lanes: int = LANES,
        poll: float = POLL,
    ) -> None:
        """Each lane has one connection of its own."""
        self._dsn = dsn
        self._client = client
        self._sender = Sender(client, task_queue)
        self._poll = poll
        self._bell: asyncio.Queue[None] = asyncio.Queue(1)  # a ring wakes one lane
        self._stopping = asyncio.Event()
        self._troubles = [""] * lanes
        self._sent = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Succeeds without Postgres and without Temporal: both are waited for."""
        lanes = [self._lane(number) for number in range(len(self._troubles))]
        self._tasks = [asyncio.create_task(loop) for loop in (self._tick(), *lanes)]

    async def stop(self) -> None:
        """Ends within 3 s. Batches in hand are finished where Temporal and Postgres let them."""
        self._stopping.set()
        self.wake()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=2.0)
            for task in late:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=0.8)

    def wake(self) -> None:
        """Rings, after a commit that may have put something into the inbox. Cheap; many are one."""
        with contextlib.suppress(asyncio.QueueFull):
            self._bell.put_nowait(None)

    def health(self) -> Health:
        """Asks nobody; `inbox.backlog` knows the rest."""
        return Health(next(filter(None, self._troubles), ""), self._sent)

    async def _tick(self) -> None:
        while not await self._stopped_within(self._poll):
            self.wake()

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
        """Empties the inbox, waits for the bell, and so on. A failure lets the connection go."""
        connection = await connect(self._dsn, "dispatcher")
        try:
            while not self._stopping.is_set():
                self._bell_heard()
                found = await self._batch(connection)
                self._troubles[number] = ""
                if found:
                    await self._stopped_within(BREATH)
                else:
                    await self._bell.get()
        finally:
            with contextlib.suppress(*UNAVAILABLE):
                await connection.close(timeout=0.5)

    async def _batch(self, connection: Connection) -> bool:
        """Takes and sends a batch; whether there was one. Raises TemporalAway if some is left."""
        async with connection.transaction():
            parcels = await inbox.take(connection, BATCH)
            if len(parcels) == BATCH:
                self.wake()  # there may be enough for another lane
            deliveries = await asyncio.gather(*map(self._sender.deliver, parcels))
            away = await self._settle(connection, deliveries)

        self._sent += sum(len(delivery.sent) for delivery in deliveries)
        if away:
            raise TemporalAway(away[0].why)
        return bool(parcels)

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

    def _bell_heard(self) -> None:
        """What rang before a batch is taken is answered by that batch."""
        with contextlib.suppress(asyncio.QueueEmpty):
            self._bell.get_nowait()

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()


def _trouble(error: Exception) -> str:
    if isinstance(error, TemporalAway):
        return "temporal"
    return "postgres" if isinstance(error, UNAVAILABLE) else "unknown"
