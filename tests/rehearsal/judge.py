"""Runs in a container of the API, with its packages: what rows and workflows say of the bookings
that standard input names with their ends. After a restore a booking that is over may have no
workflow: only the others get one again.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

import asyncpg
from temporalio.client import Client
from temporalio.service import RPCError

from db.pool import connect
from settings import Settings
from workflows import client, workflow_id

LIVE = {"held", "pending_approval", "booked", "checked_in", "in_treatment"}
SECONDS = 120
"""How long rows and workflows may take to agree."""

OVERLAPS = """
    select count(*) from appointments a join appointments b
        on a.dentist_id = b.dentist_id and a.id < b.id
       and a.starts_at < b.ends_at and b.starts_at < a.ends_at
     where a.status in ('held', 'booked', 'checked_in', 'in_treatment')
       and b.status in ('held', 'booked', 'checked_in', 'in_treatment')
       and (a.status <> 'held' or a.hold_expires_at > now())
       and (b.status <> 'held' or b.hold_expires_at > now())
"""
EARLY = """
    select count(*) from appointments a join appointment_transitions t on t.appointment_id = a.id
     where t.verb = 'expire' and t.at < a.hold_expires_at
"""
LATE = """
    select coalesce(max(extract(epoch from t.at - a.hold_expires_at)), 0)::float8
      from appointments a join appointment_transitions t on t.appointment_id = a.id
     where t.verb = 'expire'
"""
WAITING = """
    select (select count(*) from workflow_inbox) + (select count(*) from outbox)
        + (select count(*) from appointments where status = 'held' and hold_expires_at < now())
"""


async def main() -> None:
    given = json.load(sys.stdin)
    ends, over = given["ends"], {"COMPLETED", *(["NOT_FOUND"] if given["restored"] else [])}
    database = await connect(Settings().database_url.get_secret_value(), "judge")
    temporal = await client.connect()
    began = time.monotonic()
    until = began + SECONDS
    waiting = await wait_until_nothing_waits(database, until)
    rows = await database.fetch("select id::text, status, version from appointments")
    states = {row["id"]: row["status"] for row in rows}
    wrong = [
        f"{id}: {states.get(id)}, not {end}" for id, end in ends.items() if states.get(id) != end
    ]
    nothing_waits = time.monotonic()
    disagree, last_at = await find_disagreements(temporal, states, over, until)
    verdict = {
        "bookings": len(rows),
        "waiting": waiting,
        "wrong": wrong[:10],
        "wrong_total": len(wrong),
        "overlaps": await database.fetchval(OVERLAPS),
        "released_early": await database.fetchval(EARLY),
        "latest_expiry_s": round(await database.fetchval(LATE), 2),
        "agreed_after_s": round(max(nothing_waits, last_at) - began, 1),
        "workflows_disagree": disagree[:10],
        "workflows_disagree_total": len(disagree),
        "versions": {row["id"]: row["version"] for row in rows},
    }
    print(json.dumps(verdict), flush=True)
    os._exit(0)  # Temporal's client would wait for its threads


async def wait_until_nothing_waits(database: asyncpg.Connection[Any], until: float) -> int:
    """Messages, events and overdue holds that still wait at last."""
    while True:
        waiting: int = await database.fetchval(WAITING)
        if not waiting or time.monotonic() > until:
            return waiting
        await asyncio.sleep(0.5)


async def find_disagreements(
    temporal: Client, states: dict[str, str], over: set[str], until: float
) -> tuple[list[str], float]:
    """Bookings whose workflow does not become what the row says in time, and the last moment at
    which a workflow was seen that was not yet so. `over`: what it may be when the booking is over.
    """
    limit = asyncio.Semaphore(32)
    last_at = 0.0

    async def find(id: str, status: str) -> str | None:
        nonlocal last_at
        wanted = {"RUNNING"} if status in LIVE else over
        async with limit:
            while (found := await workflow_status(temporal, id)) not in wanted:
                last_at = time.monotonic()
                if last_at > until:
                    return f"{id}: row {status}, workflow {found}"
                await asyncio.sleep(1)
        return None

    found = await asyncio.gather(*(find(id, status) for id, status in states.items()))
    return [each for each in found if each], last_at


async def workflow_status(temporal: Client, id: str) -> str:
    try:
        found = (await temporal.get_workflow_handle(workflow_id(id)).describe()).status
    except RPCError as error:
        return error.status.name
    return found.name if found else "unknown"


asyncio.run(main())
