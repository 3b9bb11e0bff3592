"""`chairtime doctor --deep`: what `chairtime restored` would repair, without repairing it."""

import asyncio

import asyncpg
from temporalio.client import Client

from db import booking_state, events, inbox
from db.pool import UNAVAILABLE, Connection, connect
from embedded.finding import Finding
from workflows.client import UNREACHABLE, reachable
from workflows.client import connect as connect_temporal
from workflows.comparison import Differences, compare, described
from workflows.reconciler import GRACE

BETWEEN = 2.0
"""Seconds between two comparisons; only what both find is reported, as bookings change meanwhile.
"""

RESTORED = "after a restore: `chairtime restored`; otherwise the API repairs it within ten minutes"


async def deep_findings(dsn: str | None, temporal: str | None) -> list[Finding]:
    """The state of event log, holds, inbox and workflows. `temporal`: its address, if it is not the
    default.
    """
    if dsn is None:
        remedy = "start the development stack, or set DATABASE_URL"
        return [Finding("Bookings", False, "no database to look at", remedy)]
    try:
        connection = await connect(dsn, "doctor")
    except (*UNAVAILABLE, ValueError, asyncpg.PostgresError) as failure:
        return [Finding("Bookings", False, type(failure).__name__, "see the finding on Database")]
    try:
        end = await events.position(connection)
        log = Finding("Event log", True, f"epoch {end.epoch}, {end.head} events so far")
        holds, waiting = await _holds(connection), await _inbox(connection)
        return [log, holds, waiting, await _workflows(connection, temporal)]
    except asyncpg.PostgresError as failure:
        remedy = "use the DATABASE_URL of the API; is the schema migrated?"
        return [Finding("Bookings", False, f"{type(failure).__name__}: {failure}", remedy)]
    finally:
        await connection.close(timeout=5)


async def _holds(connection: Connection) -> Finding:
    overdue = await booking_state.count_overdue(connection, GRACE)
    return Finding(
        "Overdue holds", not overdue, f"{overdue} to be freed", RESTORED if overdue else None
    )


async def _inbox(connection: Connection) -> Finding:
    backlog = await inbox.backlog(connection)
    found = f"{backlog.depth} waiting, the oldest for {backlog.oldest_seconds:.0f} s"
    if backlog.stuck:
        remedy = "Temporal refuses a message: see the worker's log and docs/operations.md"
        return Finding("Workflow inbox", False, f"{found}; some are stuck", remedy)
    return Finding("Workflow inbox", True, found)


async def _workflows(connection: Connection, address: str | None) -> Finding:
    client = await connect_temporal(address)
    if not await reachable(client, within=3):
        remedy = "is TEMPORAL_ADDRESS right, and does Temporal run?"
        return Finding("Workflows", False, "not compared: Temporal does not answer", remedy)
    try:
        found = await _lasting(connection, client)
    except UNREACHABLE as failure:
        return Finding("Workflows", False, f"not compared: {failure!r}", "is the namespace right?")
    return Finding("Workflows", not found, str(found), RESTORED if found else None)


async def _lasting(connection: Connection, client: Client) -> Differences:
    first = await compare(connection, client, settled_after=0, running=described)
    if not first:
        return first
    await asyncio.sleep(BETWEEN)
    return first & await compare(connection, client, settled_after=0, running=described)
