"""The relay: moves committed events from the outbox into the log, in one elected leader process."""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from math import inf

from db import leadership, outbox
from db.metrics import OUTBOX, OUTBOX_OLDEST
from db.reconnecting import DedicatedConnection, ReconnectingConnection
from realtime import metrics
from realtime.upkeep import Upkeep

BATCH = 500
POLL = 0.5
"""Seconds between two rounds of the leader without a notification, and two attempts
of a follower.
"""

LEADER_TIMEOUT = 1.2
"""Seconds without a query after which a leader loses the lead."""

DRAIN_TIMEOUT = 0.5
"""Seconds for the leader to finish its batch and give up the lead."""

RESIGNED = "resigned"
"""The channel on which a stopping leader notifies followers."""

LOG_KEPT = timedelta(hours=24)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayHealth:
    """The state of the relay as last seen by this process."""

    connected: bool = False
    leader: bool = False
    outbox_depth: int = 0
    """Committed events that are not in the log yet."""
    outbox_oldest_seconds: float = 0.0
    error: str | None = None
    """The name of the exception that ended the last connection."""


class Relay:
    """Gives each committed event the next sequence number, exactly once. Events of one booking keep
    the order of their commits.

    Batches run on the connection that holds the leader lock, so that a process that loses the lead
    cannot move events.
    """

    def __init__(self, dsn: str, keep: timedelta = LOG_KEPT) -> None:
        """`keep`: the minimum age of events before they are deleted from the log."""
        self._connection = ReconnectingConnection(dsn, "relay", self._session)
        self._keep = keep
        self._health = RelayHealth()

    @property
    def health(self) -> RelayHealth:
        return replace(self._health, error=self._connection.error)

    async def start(self) -> None:
        await self._connection.start()

    async def stop(self) -> None:
        """Gives up the lead; another process takes over at once."""
        await self._connection.stop(drain=DRAIN_TIMEOUT if self._health.leader else 0)

    def wake(self) -> bool:
        """To be called after a commit. True if this process leads, so that no other process needs
        to be notified.
        """
        if self._health.leader:
            self._connection.wake()
        return self._health.leader

    async def _session(self, connection: DedicatedConnection) -> None:
        try:
            async with self._connection.query_timeout():
                await outbox.become_relay(connection)
            await self._follow(connection)
            await self._lead(connection)
        finally:
            self._report(replace(self._health, connected=False, leader=False))

    async def _follow(self, connection: DedicatedConnection) -> None:
        """Returns once this process is the leader."""
        await connection.add_listener(RESIGNED, self._connection.wake)
        while True:
            async with self._connection.query_timeout():
                if await leadership.lead(connection, leadership.RELAY, LEADER_TIMEOUT):
                    return
            await self._report_backlog(connection, leader=False)
            await self._connection.wait(POLL)

    async def _lead(self, connection: DedicatedConnection) -> None:
        logger.info("relay: leading")
        upkeep = Upkeep(connection, self._keep)
        await connection.add_listener("outbox", self._connection.wake)
        clock = asyncio.get_running_loop().time
        reported = -inf
        while not self._connection.stopping:
            if clock() - reported >= POLL:
                await self._report_backlog(connection, leader=True)
                reported = clock()
            async with self._connection.query_timeout():
                moved = await outbox.relay(connection, BATCH)
            async with self._connection.query_timeout():
                await upkeep.after(moved)
            if moved < BATCH:
                await self._connection.wait(POLL)
        await leadership.resign(connection, leadership.RELAY, RESIGNED)

    async def _report_backlog(self, connection: DedicatedConnection, *, leader: bool) -> None:
        async with self._connection.query_timeout():
            backlog = await outbox.backlog(connection)
        self._report(RelayHealth(True, leader, backlog.depth, backlog.oldest_seconds))

    def _report(self, health: RelayHealth) -> None:
        self._health = health
        if health.connected:
            self._connection.healthy()
        metrics.LEADER.set(health.leader)
        if health.connected:
            OUTBOX.set(health.outbox_depth)
            OUTBOX_OLDEST.set(health.outbox_oldest_seconds)
