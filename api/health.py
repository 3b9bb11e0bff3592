"""Is it alive, can it serve, and is every part well."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Response

from api.dependencies import Own
from api.parts import Parts
from db import migrate, presence
from db.pool import UNAVAILABLE, use
from workflows import client

router = APIRouter(tags=["health"])

VERSION = "0.1.0"
TEMPORAL_PATIENCE = 1.0

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
    """How each part is. Bookings go on while Temporal, workers or dispatcher are away; they catch
    up later.
    """
    (database, workers), temporal = await asyncio.gather(_database(own), _temporal(own))
    parts = {
        "database": database,
        "temporal": temporal,
        "workers": workers,
        "relay": _state(own.relay.healthy()),
        "dispatcher": _state(own.dispatcher.healthy()),
    }
    return Health(status=_state(all(state == "ok" for state in parts.values())), **parts)


@router.get("/version")
async def version() -> dict[str, str]:
    return {"version": VERSION}


async def _database(own: Parts) -> tuple[State, State]:
    try:
        async with use(own.pool) as connection:
            return "ok", _state(await presence.workers(connection) > 0)
    except UNAVAILABLE:
        return "degraded", "degraded"


async def _temporal(own: Parts) -> State:
    return _state(await client.reachable(own.client, TEMPORAL_PATIENCE))


def _state(well: bool) -> State:
    return "ok" if well else "degraded"
