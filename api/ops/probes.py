"""Health checks. Each opens a database connection, so that an exhausted pool does not make the
process look unhealthy.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from temporalio.client import Client

from db import heartbeat, inbox, migrate
from db.pool import QUERY_TIMEOUT, UNAVAILABLE, Connection, connect
from realtime.relay import Relay
from services.cache import Cache
from workflows import client

TTL = 1.0
"""Seconds for which an answer is cached."""

TEMPORAL_TIMEOUT = 1.0
MAX_RELAY_DELAY = 5.0
"""Seconds that a committed event may wait for its sequence number."""

MAX_DISPATCH_DELAY = 10.0
"""Seconds that a committed command may wait to be dispatched to its workflow."""

State = Literal["ok", "degraded"]
Readiness = Literal["ok", "database", "migrations"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Health:
    status: State
    database: State
    temporal: State
    workers: State
    relay: State
    dispatcher: State


class Probes:
    """Checks the parts of this process, at most once in TTL seconds."""

    def __init__(self, dsn: str, temporal: Client, relay: Relay) -> None:
        self._dsn = dsn
        self._temporal = temporal
        self._relay = relay
        self._migrations = migrate.read()
        self._readiness = Cache[None, Readiness](TTL)
        self._health = Cache[None, Health](TTL)

    async def readiness(self) -> Readiness:
        """Whether this process can serve, or what is missing."""
        return await self._readiness.get(None, self._check_readiness)

    async def health(self) -> Health:
        return await self._health.get(None, self._check_health)

    async def _check_readiness(self) -> Readiness:
        try:
            missing = await self._ask(partial(migrate.unapplied, known=self._migrations))
            return "migrations" if missing else "ok"
        except UNAVAILABLE:
            return "database"

    async def _check_health(self) -> Health:
        database, temporal = await asyncio.gather(
            self._database(), client.reachable(self._temporal, TEMPORAL_TIMEOUT)
        )
        parts = database | {"temporal": _state(temporal), "relay": self._relay_state()}
        return Health(_state(all(state == "ok" for state in parts.values())), **parts)

    async def _database(self) -> dict[str, State]:
        """The state of Postgres, of the workers connected to it, and of the dispatcher."""
        try:
            workers, backlog = await self._ask(_workers_and_backlog)
        except UNAVAILABLE:
            return {"database": "degraded", "workers": "degraded", "dispatcher": "degraded"}
        dispatching = not backlog.stuck and backlog.oldest_seconds < MAX_DISPATCH_DELAY
        return {
            "database": "ok",
            "workers": _state(workers > 0),
            "dispatcher": _state(dispatching),
        }

    def _relay_state(self) -> State:
        relay = self._relay.health
        return _state(relay.connected and relay.outbox_oldest_seconds < MAX_RELAY_DELAY)

    async def _ask(self, query: Callable[[Connection], Awaitable[T]]) -> T:
        """Runs the query on a connection of its own. Raises one of UNAVAILABLE, after QUERY_TIMEOUT
        at the latest.
        """
        async with asyncio.timeout(QUERY_TIMEOUT):
            connection = await connect(self._dsn, "probes")
            try:
                return await query(connection)
            finally:
                connection.terminate()


async def _workers_and_backlog(connection: Connection) -> tuple[int, inbox.Backlog]:
    return await heartbeat.workers(connection), await inbox.backlog(connection)


def _state(ok: bool) -> State:
    return "ok" if ok else "degraded"
