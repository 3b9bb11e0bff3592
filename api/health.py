"""Is it alive, can it serve, and is every part well."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Response

from api.dependencies import Own
from api.parts import Parts
from db import heartbeat, inbox, migrate
from db.pool import UNAVAILABLE, use
from workflows import client

router = APIRouter(tags=["health"])

VERSION = "0.1.0"
TEMPORAL_PATIENCE = 1.0
RELAY_PATIENCE = 5.0
"""Seconds that a committed event may wait for its number."""

DISPATCH_PATIENCE = 10.0
"""Seconds that a committed command may wait to be told to its workflow."""

State = Literal["ok", "degraded"]


@dataclass(frozen=True, slots=True)
class Health:
    status: State
    database: State
    temporal: State
    workers: State
    relay: State
    dispatcher: State


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers; nothing else is asked."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(own: Own, response: Response) -> dict[str, str]:
    """Postgres answers and is migrated: the API can serve, even without Temporal. Else 503."""
    try:
        async with use(own.pool) as connection:
            waiting = await migrate.pending(connection)
    except UNAVAILABLE:
        response.status_code = 503
        return {"status": "unavailable", "reason": "database"}
    if waiting:
        response.status_code = 503
        return {"status": "unavailable", "reason": "migrations"}
    return {"status": "ok"}


@router.get("/health")
async def health(own: Own) -> Health:
    """How each part is. Bookings go on while Temporal or the workers, who dispatch what it must
    hear of, are away; they catch up later.
    """
    database, temporal = await asyncio.gather(_database(own), _temporal(own))
    parts = database | {"temporal": temporal, "relay": _relay(own)}
    return Health(_state(all(state == "ok" for state in parts.values())), **parts)


@router.get("/version")
async def version() -> dict[str, str]:
    return {"version": VERSION}


async def _database(own: Parts) -> dict[str, State]:
    """What Postgres knows: itself, the workers that send heartbeats, and how dispatch gets on."""
    try:
        async with use(own.pool) as connection:
            workers = await heartbeat.workers(connection)
            backlog = await inbox.backlog(connection)
    except UNAVAILABLE:
        return {"database": "degraded", "workers": "degraded", "dispatcher": "degraded"}
    dispatching = not backlog.stuck and backlog.oldest_seconds < DISPATCH_PATIENCE
    return {
        "database": "ok",
        "workers": _state(workers > 0),
        "dispatcher": _state(dispatching),
    }


def _relay(own: Parts) -> State:
    relay = own.relay.health
    return _state(relay.connected and relay.outbox_oldest_seconds < RELAY_PATIENCE)


async def _temporal(own: Parts) -> State:
    return _state(await client.reachable(own.client, TEMPORAL_PATIENCE))


def _state(well: bool) -> State:
    return "ok" if well else "degraded"
