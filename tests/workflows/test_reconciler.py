"""The reconciler against a real Postgres and a real Temporal server."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client

from db.leadership import RECONCILER
from db.pool import Pool
from domain.booking import Status, Verb
from embedded import stack
from tests.support import change, hold, request
from tests.workflows.heard import (
    emptied,
    eventually,
    inbox,
    rewrite,
    signals,
    started,
    times,
    workflow,
)
from workflows import workflow_id
from workflows.comparison import RUNNING
from workflows.dispatch import Dispatcher
from workflows.reconciler import Reconciler

NOWHERE = "127.0.0.1:9"
LEADERS = """
    select pid from pg_locks where locktype = 'advisory' and granted
       and (classid::bigint << 32) + objid::bigint = $1
       and database = (select oid from pg_database where datname = current_database())
"""


@pytest.fixture
async def client(temporal: stack.RunningTemporal) -> Client:
    return await Client.connect(temporal.address)


@contextlib.asynccontextmanager
async def reconciling(
    dsn: str, client: Client, on_change: Callable[[], None] = lambda: None, **options: float
) -> AsyncIterator[Reconciler]:
    reconciler = Reconciler(dsn, client, on_change, **({"sweep_every": 0.1} | options))
    await reconciler.start()
    try:
        yield reconciler
    finally:
        await reconciler.stop()


async def overdue(pool: Pool, booking: UUID, seconds: int) -> None:
    since = f"clock_timestamp() - interval '{seconds} seconds'"
    await rewrite(pool, booking, f"hold_expires_at = {since}")


async def status(pool: Pool, booking: UUID) -> Status:
    return Status(await pool.fetchval("select status from appointments where id = $1", booking))


async def test_an_overdue_hold_is_freed_without_worker_and_without_temporal(pool, dsn):
    nobody = await Client.connect(NOWHERE, lazy=True)
    command = request(times(1)[0])
    await hold(pool, command)
    rings = []
    async with reconciling(dsn, nobody, lambda: rings.append(1)):
        await overdue(pool, command.id, 6)

        async def freed():
            return await status(pool, command.id) is Status.EXPIRED and rings

        await eventually(freed)
    last = await pool.fetchrow(
        "select verb, via, actor from appointment_transitions order by version desc limit 1"
    )
    assert tuple(last) == ("expire", "sweep", "system")
    assert await pool.fetchval("select count(*) from slot_reservations where active") == 0


async def test_a_hold_within_the_grace_is_left_to_its_workflow(pool, dsn, client):
    early, late = [request(start) for start in times(2)]
    for command, seconds in ((early, 10), (late, 60)):
        await hold(pool, command)
        await overdue(pool, command.id, seconds)
    async with reconciling(dsn, client, grace=30):

        async def freed():
            return await status(pool, late.id) is Status.EXPIRED

        await eventually(freed)
        assert await status(pool, early.id) is Status.HELD


async def test_one_leads_and_another_takes_over(pool, dsn, client):
    async def leaders() -> list[int]:
        return [row["pid"] for row in await pool.fetch(LEADERS, RECONCILER)]

    async with reconciling(dsn, client):
        await eventually(leaders)
        [first] = await leaders()
        async with reconciling(dsn, client):
            assert await leaders() == [first]
            await pool.execute("select pg_terminate_backend($1)", first)

            async def taken_over():
                return len(now := await leaders()) == 1 and now != [first]

            await eventually(taken_over)


async def test_a_live_booking_without_a_workflow_gets_one(pool, dsn, client):
    kept, lost = [request(start) for start in times(2)]
    dispatcher = Dispatcher(dsn, client, task_queue=f"test-{uuid4()}")
    await dispatcher.start()
    for command in (kept, lost):
        await hold(pool, command)
        await change(pool, command.id, Verb.CONFIRM)
    await eventually(emptied(pool))
    await eventually(lambda: listed(client, {kept.id, lost.id}))
    await workflow(client, lost.id).terminate()

    async with reconciling(dsn, client, reconcile_every=0.2, settled_after=0):
        await eventually(lambda: heard(client, lost.id, "look"))
    await eventually(emptied(pool))
    await dispatcher.stop()
    assert "look" not in [verb for verb, _ in await signals(client, kept.id)]


async def listed(client: Client, bookings: set[UUID]) -> bool:
    running = {found.id async for found in client.list_workflows(RUNNING)}
    return {workflow_id(id_) for id_ in bookings} <= running


async def heard(client: Client, booking: UUID, verb: str) -> bool:
    return verb in [name for name, _ in await signals(client, booking)]


async def test_only_what_is_live_settled_and_unannounced_is_asked_for(pool, dsn, client):
    announced, over, lapsed, fresh, missing = [request(start, limits=None) for start in times(5)]
    for command in (announced, over, lapsed, fresh, missing):
        await hold(pool, command)
    await change(pool, over.id, Verb.CANCEL)
    await rewrite(pool, lapsed.id, "lapsed_at = clock_timestamp()")
    for command in (announced, over, lapsed, missing):
        await rewrite(pool, command.id, "updated_at = updated_at - interval '2 minutes'")
    await pool.execute("delete from workflow_inbox where appointment_id <> $1", announced.id)

    assert (await Reconciler(dsn, client).reconcile()).missing == {missing.id}
    assert await inbox(pool) == [("hold", 0), ("look", 0)]
    assert (
        await pool.fetchval("select appointment_id from workflow_inbox where verb = 'look'")
        == missing.id
    )
    assert not (await Reconciler(dsn, client).reconcile()).missing


async def test_without_a_listing_nothing_is_concluded(pool, dsn):
    nobody = await Client.connect(NOWHERE, lazy=True)
    await hold(pool, request(times(1)[0]))
    await pool.execute("delete from workflow_inbox")
    with pytest.raises(RuntimeError):
        await Reconciler(dsn, nobody, settled_after=0).reconcile()
    assert await inbox(pool) == []


async def test_workflows_that_temporal_lost_are_started_again(pool, dsn, tmp_path):
    """As after a crash of the operating system, which takes the last transactions of its file."""
    kept, lost = [request(start) for start in times(2)]
    with stack.temporal(persistent=True, data=tmp_path) as server:
        client = await Client.connect(server.address, lazy=True)
        dispatcher = Dispatcher(dsn, client, task_queue=f"test-{uuid4()}")
        await dispatcher.start()
        await hold(pool, kept)
        await eventually(emptied(pool))

        await asyncio.to_thread(server.kill)
        earlier = shutil.copytree(tmp_path, tmp_path.with_name("earlier"))
        await asyncio.to_thread(server.start)
        await hold(pool, lost)
        await eventually(emptied(pool), 30)

        await asyncio.to_thread(server.kill)
        shutil.rmtree(tmp_path)
        shutil.copytree(earlier, tmp_path)
        await asyncio.to_thread(server.start)
        await eventually(lambda: started(client, kept.id), 30)
        assert not await started(client, lost.id)
        async with reconciling(dsn, client, reconcile_every=0.2, settled_after=0):
            await eventually(lambda: started(client, lost.id), 30)
        await dispatcher.stop()
