"""Health checks. They use their own database connection, so that an exhausted pool does not make
the process look unhealthy.
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
        self._known = migrate.read()
        self._connection: Connection | None = None
        self._using = asyncio.Lock()
        self._readiness = Cache[None, Readiness](TTL)
        self._health = Cache[None, Health](TTL)

    async def readiness(self) -> Readiness:
        """Whether this process can serve, or what is missing."""
        return await self._readiness.get(None, self._check_readiness)

    async def health(self) -> Health:
        return await self._health.get(None, self._check_health)

    def stop(self) -> None:
        self._drop()

    async def _check_readiness(self) -> Readiness:
        try:
            missing = await self._asked(partial(migrate.unapplied, known=self._known))
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
            workers = await self._asked(heartbeat.workers)
            backlog = await self._asked(inbox.backlog)
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

    async def _asked(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """The answer over the probes' connection, which is opened again where it was lost. Raises
        one of UNAVAILABLE, after QUERY_TIMEOUT at the latest.
        """
        async with asyncio.timeout(QUERY_TIMEOUT), self._using:
            if self._connection is None or self._connection.is_closed():
                self._connection = await connect(self._dsn, "probes")
            try:
                return await ask(self._connection)
            except BaseException:  # cancellation too: the query may still be running over there
                self._drop()
                raise

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _state(well: bool) -> State:
    return "ok" if well else "degraded"
