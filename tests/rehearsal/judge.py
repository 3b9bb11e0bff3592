"""Runs in a container of the API, with its packages: what rows and workflows say of the bookings
that standard input names with their ends.
"""

import asyncio
import json
import os
import sys
import time

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from db.pool import connect
from settings import Settings
from workflows import client, workflow_id

LIVE = {"held", "pending_approval", "booked", "checked_in", "in_treatment"}
SECONDS = 120

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
    database = await connect(Settings().database_url.get_secret_value(), "judge")
    temporal = await client.connect()
    until = time.monotonic() + SECONDS
    while True:
        waiting = await database.fetchval(WAITING)
        if not waiting or time.monotonic() > until:
            break
        await asyncio.sleep(0.5)
    rows = {
        str(row["id"]): row["status"]
        for row in await database.fetch("select id, status from appointments")
    }
    given = json.load(sys.stdin)
    wrong = [f"{id}: {rows.get(id)}, not {end}" for id, end in given.items() if rows.get(id) != end]
    limit = asyncio.Semaphore(32)

    async def agrees(id: str, status: str) -> str | None:
        async with limit:
            while True:
                try:
                    found = await temporal.get_workflow_handle(workflow_id(id)).describe()
                    running = found.status is WorkflowExecutionStatus.RUNNING
                    completed = found.status is WorkflowExecutionStatus.COMPLETED
                    if running if status in LIVE else completed:
                        return None
                    says = found.status.name if found.status else "nothing"
                except RPCError as error:
                    says = error.status.name
                if time.monotonic() > until:
                    return f"{id}: row {status}, workflow {says}"
                await asyncio.sleep(1)

    disagree = [each for each in await asyncio.gather(*map(agrees, rows, rows.values())) if each]
    verdict = {
        "bookings": len(rows),
        "waiting": waiting,
        "wrong": wrong[:10],
        "wrong_total": len(wrong),
        "overlaps": await database.fetchval(OVERLAPS),
        "released_early": await database.fetchval(EARLY),
        "latest_expiry_s": round(await database.fetchval(LATE), 2),
        "workflows_disagree": disagree[:10],
        "workflows_disagree_total": len(disagree),
        "versions": {
            str(row["id"]): row["version"]
            for row in await database.fetch("select id, version from appointments")
        },
    }
    print(json.dumps(verdict), flush=True)
    os._exit(0)


asyncio.run(main())
