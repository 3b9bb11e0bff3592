"""Waits until everything agrees after the faults, and reads the evidence."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client, WorkflowExecution

from db.pool import Connection, connect
from tests.faults.evidence import COMPLETED, Evidence, Logged, Row, Step, Workflow
from tests.faults.history import Reader
from tests.faults.system import APIS, System
from workflows import booking_id
from workflows import client as temporal
from workflows.comparison import compare
from workflows.delivery import WORKFLOW

AGREE_WITHIN = 60.0
"""Seconds after the return of all parts within which everything must agree."""

HOLDS_END_WITHIN = 30.0
"""Seconds within which the holds that nobody confirmed end: more than the longest hold."""

AT_A_TIME = 16

WAITING = """
select (select count(*) from workflow_inbox) as commands,
       (select count(*) from outbox) as events,
       (select count(*) from appointments
         where status = 'held' and hold_expires_at < now()) as overdue
"""
HELD = "select count(*) from appointments where status = 'held'"
ROWS = """
select id::text, status, version, dentist_id::text as dentist, patient_id::text as patient,
       extract(epoch from starts_at)::float8 as starts_at,
       extract(epoch from ends_at)::float8 as ends_at,
       extract(epoch from hold_expires_at)::float8 as deadline
  from appointments
"""
STEPS = """
select appointment_id::text as booking, version, verb, from_status as before, to_status as after,
       extract(epoch from at)::float8 as at
  from appointment_transitions
"""
LOG = """
select seq, topic, kind, entity_id::text as entity, version,
       case when kind like 'slot.%' then concat_ws(' ', payload ->> 'dentist_id',
            extract(epoch from (payload ->> 'starts_at')::timestamptz)::bigint,
            extract(epoch from (payload ->> 'ends_at')::timestamptz)::bigint) else '' end as slot
  from realtime_events order by seq
"""
LAST = """
select max(seq) from realtime_events where topic = any($1) and kind <> 'appointment.removed'
"""


@dataclass(frozen=True, slots=True)
class Agreement:
    after: float
    """Seconds until everything agreed."""
    last: list[str]
    """What was the last to agree."""
    missing: list[str]
    """What still did not agree after AGREE_WITHIN."""


async def agreed(system: System, readers: Sequence[Reader]) -> Agreement:
    """Waits until inbox and outbox are empty, no hold is overdue, workflows agree with their rows,
    and each reader is at the end of the log.
    """
    connection, client = await _connected(system)
    try:
        began, last = time.monotonic(), list[str]()
        while True:
            wrong = await _waiting(connection, client, readers)
            took = time.monotonic() - began
            if not wrong or took > AGREE_WITHIN:
                return Agreement(took, last, wrong)
            last = wrong
            await asyncio.sleep(0.25)
    finally:
        await connection.close(timeout=5)


async def holds_ended(system: System) -> None:
    """Returns when no hold is left, or after HOLDS_END_WITHIN; the judge says which are left."""
    connection = await connect(system.dsn, "judge")
    until = time.monotonic() + HOLDS_END_WITHIN
    try:
        while await connection.fetchval(HELD) and time.monotonic() < until:  # noqa: ASYNC110 - SQL
            await asyncio.sleep(0.25)
    finally:
        await connection.close(timeout=5)


async def read(system: System, evidence: Evidence) -> None:
    """Adds what Postgres and Temporal say."""
    connection, client = await _connected(system)
    try:
        evidence.rows = [Row(**row) for row in await connection.fetch(ROWS)]
        evidence.steps = [Step(**row) for row in await connection.fetch(STEPS)]
        evidence.log = [Logged(**row) for row in await connection.fetch(LOG)]
    finally:
        await connection.close(timeout=5)
    evidence.workflows = await _workflows(client)


async def _connected(system: System) -> tuple[Connection, Client]:
    return await connect(system.dsn, "judge"), await temporal.connect(system.temporal)


async def _waiting(connection: Connection, client: Client, readers: Sequence[Reader]) -> list[str]:
    row = await connection.fetchrow(WAITING)
    assert row is not None
    wrong = [f"{count} {what} waiting" for what, count in row.items() if count]
    for reader in readers:
        last = await connection.fetchval(LAST, list(reader.topics)) or 0
        if reader.at < last:
            wrong.append(f"{reader.name} is at event {reader.at}, not at {last}")
    if not wrong and (found := await compare(connection, client, settled_after=0)):
        wrong.append(str(found))
    return wrong


async def _workflows(client: Client) -> dict[str, Workflow]:
    """The latest run of each booking's workflow, with the result of completed ones."""
    latest: dict[str, WorkflowExecution] = {}
    async for run in client.list_workflows(f'WorkflowType="{WORKFLOW}"'):
        id = booking_id(run.id)
        before = latest.get(str(id))
        if before is None or before.start_time < run.start_time:
            latest[str(id)] = run
    limit = asyncio.Semaphore(AT_A_TIME)

    async def ended(run: WorkflowExecution) -> Workflow:
        state = run.status.name if run.status else "unknown"
        if state != COMPLETED:
            return Workflow(state)
        async with limit:
            result = await client.get_workflow_handle(run.id, run_id=run.run_id).result()
        return Workflow(state, result["status"], result["version"])

    found = await asyncio.gather(*map(ended, latest.values()))
    return dict(zip(latest, found, strict=True))


def tracebacks(home: Path) -> list[str]:
    """The places of tracebacks in the logs of the APIs."""
    return [
        f"{name}.log:{number}"
        for name in APIS
        for number, line in enumerate((home / f"{name}.log").read_text().splitlines(), start=1)
        if "Traceback" in line
    ]
