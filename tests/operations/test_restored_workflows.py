"""Temporal or Postgres was restored from another time: `chairtime restored` makes every workflow
agree with its booking, and `chairtime doctor --deep` says beforehand what it would do.
"""

import asyncio
import contextlib
import json
import sqlite3
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from db.pool import Pool
from domain.booking import Verb
from embedded import stack
from embedded.consistency import deep_findings
from tests.operations.command import chairtime
from tests.support import change, hold, overdue, request, rewrite
from tests.workflows.desk import Desk, has_read, until
from tests.workflows.heard import emptied, eventually, started, times
from workflows import workflow_id
from workflows.booking import BookingWorkflow
from workflows.comparison import compare, listed
from workflows.dispatch import Dispatcher
from workflows.restore import restored


@contextlib.asynccontextmanager
async def dispatching(dsn: str, client: Client, queue: str):
    dispatcher = Dispatcher(dsn, client, task_queue=queue)
    await dispatcher.start()
    try:
        yield
    finally:
        await dispatcher.stop()


async def found(pool: Pool, client: Client) -> tuple[set[UUID], set[UUID], set[UUID]]:
    """What differs, of this test's bookings: other tests' workflows run on the same server."""
    async with pool.acquire() as connection:
        it = await compare(connection, client, settled_after=0)
        return it.missing, it.outdated, it.without_booking


@pytest.fixture
async def own(tmp_path):
    """A Temporal server of the test's own, so that all its workflows are the test's."""
    with stack.temporal(persistent=True, data=tmp_path) as server:
        yield server


async def test_after_temporal_lost_its_state_what_is_missing_is_started(pool, dsn, own, tmp_path):
    client = await Client.connect(own.address)
    held, booked, late, over = [request(start, limits=None) for start in times(4)]
    for command in (held, booked, late, over):
        await hold(pool, command)
    await change(pool, booked.id, Verb.CONFIRM)
    await change(pool, over.id, Verb.CANCEL)
    desk = Desk(client, pool, f"bookings-{uuid4().hex[:8]}")
    async with dispatching(dsn, client, desk.queue):
        await eventually(emptied(pool))
    await overdue(pool, late.id)

    await asyncio.to_thread(own.kill)
    for file in tmp_path.glob("temporal.db*"):
        file.unlink()
    await asyncio.to_thread(own.start)

    code, said = await chairtime("doctor", "--deep", "--json", dsn=dsn, temporal=own.address)
    findings = {each["name"]: each for each in json.loads(said)}
    assert code == 1
    assert "3 live bookings without a workflow" in findings["Workflows"]["found"]
    assert await emptied(pool)()  # the doctor has done nothing

    code, said = await chairtime("restored", dsn=dsn, temporal=own.address)
    assert code == 0, said
    assert "Overdue holds freed: 1." in said
    assert "Missing workflows, to be started by the workers: 2." in said

    async with dispatching(dsn, client, desk.queue), desk.working():
        await eventually(emptied(pool))
        await until(lambda: has_read(desk.handle(held.id), 1))
        await until(lambda: has_read(desk.handle(booked.id), 2))
        assert not await started(client, over.id)
        assert await found(pool, client) == (set(), set(), set())
    code, said = await chairtime("doctor", "--deep", "--json", dsn=dsn, temporal=own.address)
    assert code == 0, said


async def test_workflow_that_temporal_lists_and_does_not_have_is_started(pool, dsn, own, tmp_path):
    """Temporal's list of workflows was restored from a later time than the workflows."""
    client = await Client.connect(own.address)
    command = request(times(1)[0])
    await hold(pool, command)
    desk = Desk(client, pool, f"bookings-{uuid4().hex[:8]}")
    async with dispatching(dsn, client, desk.queue):
        await eventually(emptied(pool))
    await eventually(lambda: is_listed(client, command.id))

    await asyncio.to_thread(own.kill)
    with contextlib.closing(sqlite3.connect(tmp_path / "temporal.db")) as state, state:
        for table in ("executions", "current_executions"):
            named = f"delete from {table} where workflow_id = ?"
            assert state.execute(named, [workflow_id(command.id)]).rowcount == 1
    await asyncio.to_thread(own.start)
    assert await is_listed(client, command.id)
    assert not await started(client, command.id)

    findings = {each.name: each for each in await deep_findings(dsn, own.address)}
    assert findings["Workflows"].found.startswith("1 live bookings without a workflow")
    assert (await restored(dsn, client)).repaired.missing == {command.id}
    async with dispatching(dsn, client, desk.queue):
        await eventually(lambda: started(client, command.id))


async def test_workflow_that_is_ahead_of_a_restored_row_reads_it_again(pool, dsn, own):
    """A request waits for approval again, though its workflow has seen the approval."""
    client = await Client.connect(own.address)
    desk = Desk(client, pool, f"bookings-{uuid4().hex[:8]}")
    await desk.needs_approval()
    async with dispatching(dsn, client, desk.queue), desk.working():
        id = await desk.hold()
        await desk.change(id, Verb.CONFIRM)
        await desk.change(id, Verb.APPROVE)
        await eventually(emptied(pool))
        await until(lambda: has_read(desk.handle(id), 3))
        assert await found(pool, client) == (set(), set(), set())
        await as_restored(pool, id, version=2)
        await eventually(lambda: differs(pool, client, outdated={id}))

        await restored(dsn, client)
        await eventually(emptied(pool))

        async def reads_the_request() -> bool:
            state = await desk.handle(id).query(BookingWorkflow.state)
            return (state.status, state.version) == ("pending_approval", 2)

        await until(reads_the_request)
        assert await found(pool, client) == (set(), set(), set())


async def test_workflow_of_a_booking_that_a_restore_lost_closes(pool, dsn, own):
    client = await Client.connect(own.address)
    desk = Desk(client, pool, f"bookings-{uuid4().hex[:8]}")
    async with dispatching(dsn, client, desk.queue), desk.working():
        id = await desk.hold()
        await eventually(emptied(pool))
        await until(lambda: has_read(desk.handle(id), 1))
        await rewrite(pool, "delete from appointment_transitions where appointment_id = $1", id)
        await rewrite(pool, "delete from slot_reservations where appointment_id = $1", id)
        await rewrite(pool, "delete from appointments where id = $1", id)
        await eventually(lambda: differs(pool, client, without_booking={id}))

        await restored(dsn, client)
        await desk.handle(id).result()


async def test_workflow_of_a_booking_that_ended_closes(pool, dsn, own):
    """Temporal was restored from before the cancellation."""
    client = await Client.connect(own.address)
    desk = Desk(client, pool, f"bookings-{uuid4().hex[:8]}")
    async with desk.working():
        async with dispatching(dsn, client, desk.queue):
            id = await desk.hold()
            await desk.change(id, Verb.CONFIRM)
            await eventually(emptied(pool))
            await until(lambda: has_read(desk.handle(id), 2))
        await desk.change(id, Verb.CANCEL)
        await pool.execute("delete from workflow_inbox")
        await eventually(lambda: differs(pool, client, outdated={id}))

        await restored(dsn, client)
        async with dispatching(dsn, client, desk.queue):
            await desk.handle(id).result()
        described = await desk.handle(id).describe()
        assert described.status is WorkflowExecutionStatus.COMPLETED


async def test_doctor_reports_and_changes_nothing(pool, dsn, own):
    late, missing = [request(start, limits=None) for start in times(2)]
    for command in (late, missing):
        await hold(pool, command)
    await rewrite(
        pool,
        """
        update appointments set hold_expires_at = clock_timestamp() - interval '1 minute'
         where id = $1
        """,
        late.id,
    )
    await pool.execute("delete from workflow_inbox")
    rows = await everything(pool)

    findings = {each.name: each for each in await deep_findings(dsn, own.address)}
    assert not findings["Overdue holds"].ok
    assert findings["Overdue holds"].found == "1 to be freed"
    assert not findings["Workflows"].ok
    assert findings["Workflows"].found.startswith("2 live bookings without a workflow")
    assert await everything(pool) == rows

    nowhere = {each.name: each for each in await deep_findings(dsn, "127.0.0.1:9")}
    assert not nowhere["Workflows"].ok
    assert nowhere["Workflows"].remedy


async def as_restored(pool: Pool, id: UUID, version: int) -> None:
    """The booking as a backup from right after this version has it."""
    await rewrite(
        pool,
        "delete from appointment_transitions where appointment_id = $1 and version > $2",
        id,
        version,
    )
    await rewrite(
        pool,
        """
        update appointments a set version = $2, status = t.to_status, verb = t.verb,
               approval_expires_at = clock_timestamp() + interval '1 hour'
          from appointment_transitions t
         where a.id = $1 and t.appointment_id = $1 and t.version = $2
        """,
        id,
        version,
    )


async def differs(pool: Pool, client: Client, *, outdated=frozenset(), without_booking=frozenset()):
    return await found(pool, client) == (set(), set(outdated), set(without_booking))


async def is_listed(client: Client, booking: UUID) -> bool:
    return booking in await listed(client)


async def everything(pool: Pool) -> list[object]:
    tables = ("appointments", "workflow_inbox", "realtime_epoch", "outbox", "realtime_events")
    return [await pool.fetch(f"select * from {table} order by 1") for table in tables]
