"""Metrics of the event log and its streams, for operators."""

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
    """The event log in the database; the same for all processes."""

    epoch: str
    head: int
    """The last sequence number."""
    oldest: int
    """The first sequence number that is retained."""
    waiting: int
    """Committed events without a sequence number; counted up to 10,000."""
    waiting_seconds: float
    """Age of the oldest of them."""
    kinds: Mapping[str, int]
    """Events of the last hour by kind, as far as the answering process has seen them."""
    sequenced: list[Minute]
    """Delay from the change, just before its commit, to its sequence number. Covers the events that
    the answering process has seen since it started.
    """


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """The answering process only; aggregate /metrics for all processes."""

    name: str
    """Host and process id."""
    started_at: datetime
    leader: bool
    """Whether this process is the relay leader, which numbers the events."""
    connected: bool
    """Whether it receives notifications of new events."""
    behind: int
    """Sequence numbers that its streams have not received yet."""
    streams: int
    evicted: Mapping[str, int]
    """Streams closed by the server since its start, by reason."""
    delivered: list[Minute]
    """Delay from the change to the sockets of its streams: the oldest event of each write."""


@dataclass(frozen=True, slots=True)
class Realtime:
    """The minutes of the last hour that have data, oldest first."""

    log: LogFigures
    process: ProcessFigures


@router.get("/api/admin/realtime")
async def watch_realtime(caller: Caller, state: State) -> Realtime:
    """Delivery delays and backlog of the event log."""
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
        metrics.EVENTS.last_hour(),
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
