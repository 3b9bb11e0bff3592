"""How the events get on, in figures: for those who run the system."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter

from api.http.context import Caller, State
from api.http.strict import StrictRoute
from db import events, outbox
from db.pool import use
from realtime import metrics
from realtime.metrics import Minute

router = APIRouter(route_class=StrictRoute, tags=["operations"])

STARTED = datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class LogFigures:
    """The same for all processes: the one log, as the database has it."""

    epoch: str
    head: int
    """The last number given."""
    oldest: int
    """The first that is still there."""
    waiting: int
    """Committed events without a number; exact up to 10,000, where it stops counting."""
    waiting_seconds: float
    """Since the oldest of them was made."""
    sequenced: list[Minute]
    """From the change, just before its commit, to its number: every event of the system, as far as
    the process that answers has seen them since it started.
    """


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """The process that answers, and no other: ask each for its own, or add up their /metrics."""

    name: str
    """Host and process id."""
    started_at: datetime
    leader: bool
    """Whether it numbers the events."""
    connected: bool
    """Whether it hears of new ones."""
    behind: int
    """Numbers given that its streams have not been handed yet."""
    streams: int
    evicted: Mapping[str, int]
    """Streams cut off since the start, by reason."""
    delivered: list[Minute]
    """From the change to its streams' sockets: the oldest event of each write."""


@dataclass(frozen=True, slots=True)
class Realtime:
    """Of the last hour, the minutes in which there was something, oldest first."""

    log: LogFigures
    process: ProcessFigures


@router.get("/api/admin/realtime")
async def watch_realtime(caller: Caller, state: State) -> Realtime:
    """How quickly changes become events and reach those who watch, and what is behind."""
    async with use(state.pool) as connection:
        end = await events.position(connection)
        oldest = await events.oldest(connection)
        backlog = await outbox.backlog(connection)
    hub = state.hub.health
    log = LogFigures(
        end.epoch,
        end.head,
        oldest,
        backlog.depth,
        backlog.oldest_seconds,
        metrics.SEQUENCED.last_hour(),
    )
    process = ProcessFigures(
        f"{socket.gethostname()}:{os.getpid()}",
        STARTED,
        state.relay.health.leader,
        hub.connected,
        max(0, end.head - hub.head),
        hub.streams,
        metrics.evicted(),
        metrics.DELIVERED.last_hour(),
    )
    return Realtime(log, process)
