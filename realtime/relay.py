"""The relay: moves what is committed from the outbox into the log. One process at a time leads."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from db import events, outbox
from db.reconnecting import QUERY_TIMEOUT, Connection, ReconnectingConnection
from domain.events import Event
from realtime import metrics
from realtime.upkeep import Upkeep

BATCH = 500
POLL = 0.5
"""Seconds until the leader looks without a bell, and until a follower tries to lead."""

FAREWELL = 0.5
"""Seconds for the leader to end its batch and give the lead away."""

LOG_KEPT = timedelta(hours=24)

Hearer = Callable[[str, Sequence[Event]], Awaitable[None]]
"""Takes the epoch of the log, and what was just put into it."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """The relay as this process last saw it."""

    connected: bool = False
    leader: bool = False
    outbox_depth: int = 0
    """Committed events without a number. Only a follower counts them: the leader leaves none."""
    outbox_oldest_seconds: float = 0.0
    error: str | None = None
    """Why there is no connection: the name of an exception."""


class Relay:
    """Each committed event gets the next number, once; those of one booking in the order of their
    commits.

    A batch runs on the very connection that makes its process the leader: who loses it moves
    nothing.
    """

    def __init__(self, dsn: str, keep: timedelta = LOG_KEPT, hearer: Hearer | None = None) -> None:
        """`keep`: the age that events reach in the log at least. `hearer` need not look for what
        this process relays.
        """
        self._connection = ReconnectingConnection(dsn, "relay", self._session)
        self._keep = keep
        self._hearer = hearer
        self._seen = Health()

    @property
    def health(self) -> Health:
        return replace(self._seen, error=self._connection.error)

    async def start(self) -> None:
        await self._connection.start()

    async def stop(self) -> None:
        """Gives the lead away, and whoever follows takes it at once."""
        await self._connection.stop(drain=FAREWELL if self._seen.leader else 0)

    def wake(self) -> bool:
        """To be called after a commit. True where this process leads: nobody else need be told."""
        if self._seen.leader:
            self._connection.wake()
        return self._seen.leader

    async def _session(self, connection: Connection) -> None:
        try:
            await self._follow(connection)
            await self._lead(connection)
        finally:
            self._report(replace(self._seen, connected=False, leader=False))

    async def _follow(self, connection: Connection) -> None:
        """Returns once this process leads."""
        await connection.add_listener("resigned", self._connection.wake)
        while True:
            async with self._connection.query_timeout():
                if await outbox.lead(connection, QUERY_TIMEOUT):
                    return
                waiting = await outbox.backlog(connection)
            self._report(Health(True, False, waiting.depth, waiting.oldest_seconds))
            await self._connection.wait(POLL)

    async def _lead(self, connection: Connection) -> None:
        upkeep = Upkeep(connection, self._keep)
        await connection.add_listener("outbox", self._connection.wake)
        async with self._connection.query_timeout():
            log = await events.position(connection)
        while not self._connection.stopping:
            async with self._connection.query_timeout():
                moved = await outbox.relay(connection, BATCH)
            if not self._seen.leader:
                logger.info("relay: leading")
            self._report(Health(connected=True, leader=True))
            if moved and self._hearer:
                await self._hearer(log.epoch, moved)
            async with self._connection.query_timeout():
                await upkeep.after(len(moved))
            if len(moved) < BATCH:
                await self._connection.wait(POLL)
        await outbox.resign(connection)

    def _report(self, seen: Health) -> None:
        self._seen = seen
        if seen.connected:
            self._connection.healthy()
        metrics.LEADER.set(seen.leader)
        metrics.DEPTH.set(seen.outbox_depth)
        metrics.WAITING.set(seen.outbox_oldest_seconds)
