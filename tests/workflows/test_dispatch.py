"""The dispatcher against a real Postgres and a real Temporal server, mostly without a worker: what
a workflow was told stands in its history.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode

import embedded.temporal
from activities.advance import BookingActivities
from db import inbox as db_inbox
from db import outbox
from db.pool import Pool
from domain.booking import Status, Verb
from embedded import stack
from tests.support import AMARA, ANA, HANG, change, hold, request
from tests.workflows.heard import (
    committed,
    emptied,
    eventually,
    inbox,
    signals,
    started,
    times,
    workflow,
)
from workflows import BOOKING_STATUS, CLINIC_ID, DENTIST_ID, SLOT_START, workflow_id
from workflows.client import reachable, register_search_attributes
from workflows.delivery import Deliverer, Verdict
from workflows.dispatch import IN_FLIGHT, LEASE, Dispatcher
from workflows.worker import build_worker

NOWHERE = "127.0.0.1:9"


@pytest.fixture
async def client(temporal: stack.RunningTemporal) -> Client:
    return await Client.connect(temporal.address)


@pytest.fixture
def queue() -> str:
    """A task queue of this test alone, without a worker unless the test starts one."""
    return f"test-{uuid4()}"


@pytest.fixture
async def hanging() -> AsyncIterator[str]:
    """The address of a server that takes connections and says nothing."""
    writers: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(
        lambda _, writer: writers.append(writer), "127.0.0.1", 0
    ) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for writer in writers:
            writer.close()


@contextlib.asynccontextmanager
async def dispatching(
    dsn: str, client: Client, queue: str, **options: Any
) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(dsn, client, task_queue=queue, **options)
    await dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()


async def test_each_change_reaches_its_workflow_in_the_order_of_commits(pool, dsn, client, queue):
    command = request(times(1)[0])
    await hold(pool, command)
    async with dispatching(dsn, client, queue, poll=60) as dispatcher:
        await eventually(lambda: started(client, command.id))
        for verb in (Verb.EXTEND, Verb.EXTEND, Verb.CONFIRM, Verb.CANCEL):
            await eventually(emptied(pool))
            await change(pool, command.id, verb)
            dispatcher.wake()
        await eventually(emptied(pool))

    received = await signals(client, command.id)
    assert [(verb, sent["id"]) for verb, sent in received] == await committed(pool, command.id)
    assert [verb for verb, _ in received] == ["extend", "extend", "confirm", "cancel"]
    assert {sent["by"] for _, sent in received} == {"clinic"}


async def test_changes_that_wait_together_are_one_message_and_one_workflow(
    pool, dsn, client, queue
):
    command = request(times(1)[0])
    await hold(pool, command)
    await change(pool, command.id, Verb.EXTEND)
    await change(pool, command.id, Verb.CONFIRM)
    [row] = await pool.fetch("select verb, version, is_new from workflow_inbox")
    assert tuple(row) == ("confirm", 3, True)

    async with dispatching(dsn, client, queue):
        await eventually(emptied(pool))
    start = (await workflow(client, command.id).fetch_history()).events[0]
    payload = start.workflow_execution_started_event_attributes.input.payloads[0]
    assert [sent["verb"] for sent in json.loads(payload.data)["todo"]] == ["confirm"]
    assert await signals(client, command.id) == []


async def test_a_later_change_keeps_the_waiting_time_and_the_lease_of_its_row(pool):
    command = request(times(1)[0])
    await hold(pool, command)
    since = await pool.fetchval("select waiting_since from workflow_inbox")
    async with pool.acquire() as connection:
        [leased] = await db_inbox.claim(connection, 10, LEASE)
    await change(pool, command.id, Verb.CONFIRM)

    async with pool.acquire() as connection:
        assert await db_inbox.claim(connection, 10, LEASE) == []
        row = await connection.fetchrow("select * from workflow_inbox")
        assert (row["waiting_since"], row["not_before"]) == (since, leased.leased_until)
        await db_inbox.sent(connection, [leased], LEASE)
        [later] = await db_inbox.claim(connection, 10, LEASE)
        assert (later.verb, later.version, later.is_new) == ("confirm", 2, False)
        await db_inbox.sent(connection, [later], LEASE)
    assert await inbox(pool) == []


async def test_row_leased_by_another_dispatcher_is_not_deleted(pool):
    """The first one hung until its lease was over."""
    command = request(times(1)[0])
    await hold(pool, command)
    over = timedelta(seconds=-1)
    async with pool.acquire() as connection:
        [first] = await db_inbox.claim(connection, 10, over)
        [second] = await db_inbox.claim(connection, 10, LEASE)
        await db_inbox.sent(connection, [first], over)
        await db_inbox.release(connection, [first])
        await db_inbox.refused(connection, [first])
        row = await connection.fetchrow("select * from workflow_inbox")
        assert (row["not_before"], row["attempts"]) == (second.leased_until, 0)


async def test_look_never_replaces_a_verb_and_a_verb_replaces_look(pool):
    command = request(times(1)[0])
    await hold(pool, command)
    async with pool.acquire() as connection:
        assert await db_inbox.look(connection, [command.id]) == 0
        assert await inbox(pool) == [("hold", 0)]
        await connection.execute("delete from workflow_inbox")
        assert await db_inbox.look(connection, [command.id]) == 1
        assert await db_inbox.look(connection, [command.id]) == 0
    assert await inbox(pool) == [("look", 0)]
    await change(pool, command.id, Verb.CONFIRM)
    assert await inbox(pool) == [("confirm", 0)]


async def test_a_dispatcher_that_talks_to_temporal_blocks_no_commit(pool, dsn, hanging, queue):
    command = request(times(1)[0])
    await hold(pool, command)
    async with dispatching(dsn, await Client.connect(hanging, lazy=True), queue):
        await eventually(lambda: _leased(pool))
        async with asyncio.timeout(HANG):
            await change(pool, command.id, Verb.CONFIRM)
    assert await inbox(pool) == [("confirm", 0)]


async def _leased(pool: Pool) -> bool:
    return await pool.fetchval("select not_before > clock_timestamp() from workflow_inbox")


async def test_a_workflow_starts_with_ids_codes_and_times_alone(pool, dsn, client, queue):
    command = request(times(1)[0], notes="afraid of needles")
    held = (await hold(pool, command)).appointment
    async with dispatching(dsn, client, queue):
        await eventually(emptied(pool))

    it = await workflow(client, command.id).describe()
    assert (it.workflow_type, it.task_queue) == ("BookingWorkflow", queue)
    assert await it.static_summary() == f"checkup {command.starts_at:%Y-%m-%d %H:%M} UTC"
    found = it.typed_search_attributes
    assert [found[key] for key in (BOOKING_STATUS, CLINIC_ID, DENTIST_ID, SLOT_START)] == [
        "held", str(held.clinic_id), str(AMARA), command.starts_at,
    ]  # fmt: skip
    history = (await workflow(client, command.id).fetch_history()).to_json()
    start = json.loads(history)["events"][0]["workflowExecutionStartedEventAttributes"]
    assert start["workflowTaskTimeout"] == "5s"
    assert str(ANA) not in history
    assert "needles" not in history


async def test_nothing_is_lost_while_temporal_is_away(pool, dsn, queue):
    commands = [request(start, limits=None) for start in times(20)]
    with stack.temporal(persistent=True) as server:
        client = await Client.connect(server.address, lazy=True)
        server.kill()
        async with dispatching(dsn, client, queue) as dispatcher:
            for command in commands:
                await hold(pool, command)
                dispatcher.wake()
            await eventually(lambda: _trouble(dispatcher, "temporal"))  # never reached before
            assert {attempts for _, attempts in await inbox(pool)} == {0}

            await asyncio.to_thread(server.start)
            await eventually(emptied(pool), 30)
            await eventually(lambda: _trouble(dispatcher, ""))

            await asyncio.to_thread(server.kill)
            for command in commands:
                await change(pool, command.id, Verb.CONFIRM)
                dispatcher.wake()
            await eventually(lambda: _trouble(dispatcher, "temporal"))  # lost on the way
            for command in commands:
                await change(pool, command.id, Verb.CANCEL)
            assert {attempts for _, attempts in await inbox(pool)} == {0}

            await asyncio.to_thread(server.start)
            await eventually(emptied(pool), 30)

        for command in commands:
            last = (await committed(pool, command.id))[-1]
            verb, sent = (await signals(client, command.id))[-1]
            assert (verb, sent["id"]) == last


async def put(pool: Pool, booking: UUID, verb: str) -> None:
    await pool.execute(
        "insert into workflow_inbox (appointment_id, verb, actor, version, is_new)"
        " values ($1, $2, 'clinic', 1, false)",
        booking,
        verb,
    )


async def _trouble(dispatcher: Dispatcher, expected: str) -> bool:
    return dispatcher.trouble == expected


async def test_two_dispatchers_side_by_side_lose_nothing_and_end_with_the_last_change(
    pool, dsn, client, queue
):
    commands = [request(start, limits=None) for start in times(40)]
    async with (
        dispatching(dsn, client, queue, poll=0.05) as one,
        dispatching(dsn, client, queue, poll=0.05) as other,
    ):

        async def live(command):
            await hold(pool, command)
            for verb in (Verb.EXTEND, Verb.CONFIRM, Verb.EDIT, Verb.CANCEL):
                one.wake()
                await change(pool, command.id, verb)
                other.wake()

        await asyncio.gather(*map(live, commands))
        await eventually(emptied(pool), 30)
        assert one.sent > 0
        assert other.sent > 0

    for command in commands:
        changes = await committed(pool, command.id)
        sent = [(verb, message["id"]) for verb, message in await signals(client, command.id)]
        assert sent == [change for change in changes if change in sent]
        assert sent[-1:] == changes[-1:] or await started_with(client, command.id, changes[-1])


async def started_with(client: Client, booking: UUID, change: tuple[str, str]) -> bool:
    start = (await workflow(client, booking).fetch_history()).events[0]
    payload = start.workflow_execution_started_event_attributes.input.payloads[0]
    return [(m["verb"], m["id"]) for m in json.loads(payload.data)["todo"]] == [change]


async def test_a_row_that_temporal_refuses_waits_alone(pool, dsn, client, queue):
    bad, *good = [request(start, limits=None) for start in times(2 * IN_FLIGHT)]
    for command in (bad, *good):
        await hold(pool, command)
    # no signal may have so long a name
    await pool.execute(
        "update workflow_inbox set verb = repeat('x', 2000), is_new = false"
        " where appointment_id = $1",
        bad.id,
    )
    async with dispatching(dsn, client, queue, poll=0.1):

        async def only_the_bad_is_left():
            left = await inbox(pool)
            return len(left) == 1 and left[0][1] >= 2

        await eventually(only_the_bad_is_left)
    assert not await started(client, bad.id)


class Broken(Interceptor, OutboundInterceptor):
    """Temporal as it is when it has lost the state of one booking: it fails after others have been
    answered.
    """

    def __init__(self, booking: UUID, error: Exception) -> None:
        self._id, self._error = workflow_id(booking), error
        self._other = asyncio.Event()

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        self.next = next
        return self

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle:
        if input.id == self._id:
            await self._other.wait()
            raise self._error
        handle = await self.next.start_workflow(input)
        self._other.set()
        return handle


@pytest.mark.parametrize(
    "error", [TimeoutError(), RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")]
)
async def test_a_booking_that_temporal_has_lost_waits_alone(pool, dsn, client, queue, error):
    broken, *others = [request(start, limits=None) for start in times(IN_FLIGHT)]
    config = client.config()
    config["interceptors"] = [Broken(broken.id, error)]
    for command in (broken, *others):
        await hold(pool, command)
    async with dispatching(dsn, Client(**config), queue, poll=0.1) as dispatcher:

        async def counted():
            left = await inbox(pool)
            return len(left) == 1 and left[0][1] > 0

        await eventually(counted)
        for command in others:
            await change(pool, command.id, Verb.CONFIRM)
            dispatcher.wake()
        await eventually(counted)
    assert not await started(client, broken.id)


async def test_refusals_are_told_in_the_backlog_and_back_off_to_ten_minutes(pool):
    command = request(times(1)[0])
    await hold(pool, command)
    async with pool.acquire() as connection:
        for _ in range(12):
            await connection.execute("update workflow_inbox set not_before = clock_timestamp()")
            [leased] = await db_inbox.claim(connection, 1, LEASE)
            await db_inbox.refused(connection, [leased])
        backlog = await db_inbox.backlog(connection)
        assert (backlog.depth, backlog.attempts, backlog.stuck) == (1, 12, True)
        assert 0 <= backlog.oldest_seconds < 60
        wait = "select extract(epoch from not_before - clock_timestamp()) from workflow_inbox"
        assert 590 < await connection.fetchval(wait) <= 600


async def test_a_terminated_workflow_is_started_again_by_the_next_command(pool, dsn, client, queue):
    command = request(times(1)[0])
    await hold(pool, command)
    async with dispatching(dsn, client, queue) as dispatcher:
        await eventually(emptied(pool))
        first = await workflow(client, command.id).describe()
        await workflow(client, command.id).terminate()
        await change(pool, command.id, Verb.CANCEL)
        dispatcher.wake()
        await eventually(emptied(pool))

    second = await workflow(client, command.id).describe()
    assert second.status is WorkflowExecutionStatus.RUNNING
    assert second.run_id != first.run_id
    assert [verb for verb, _ in await signals(client, command.id)] == ["cancel"]


async def test_beside_its_worker_a_dispatcher_gets_the_first_task_with_the_start(
    pool, dsn, client, queue
):
    first, second = [request(start) for start in times(2)]
    async with (
        build_worker(client, BookingActivities(pool, lambda: None), task_queue=queue),
        dispatching(dsn, client, queue),
    ):
        await hold(pool, first)
        await change(pool, first.id, Verb.CANCEL)
        await eventually(lambda: started(client, first.id))
        await workflow(client, first.id).result()  # the worker works
        await hold(pool, second)
        await eventually(emptied(pool))
        history = await workflow(client, second.id).fetch_history()
    attributes = history.events[0].workflow_execution_started_event_attributes
    assert attributes.eager_execution_accepted


async def test_each_start_of_a_backlog_brings_its_first_task(pool, dsn, client, queue):
    first, *backlog = [request(start, limits=None) for start in times(40)]
    async with build_worker(client, BookingActivities(pool, lambda: None), task_queue=queue):
        await hold(pool, first)
        async with dispatching(dsn, client, queue):
            await eventually(lambda: caught_up(client, first.id))
        for command in backlog:
            await hold(pool, command)
        async with dispatching(dsn, client, queue):
            await eventually(emptied(pool))
    for command in backlog:
        history = await workflow(client, command.id).fetch_history()
        attributes = history.events[0].workflow_execution_started_event_attributes
        assert attributes.eager_execution_accepted


async def caught_up(client: Client, booking: UUID) -> bool:
    """Whether the workflow has completed a task, so that its worker is known to run."""
    if not await started(client, booking):
        return False
    history = await workflow(client, booking).fetch_history()
    completed = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    return any(event.event_type == completed for event in history.events)


async def test_a_new_event_in_the_log_wakes_the_dispatcher(pool, dsn, client, queue):
    async with dispatching(dsn, client, queue, poll=60) as dispatcher:
        for start in times(20):  # it may not listen yet
            await hold(pool, request(start, limits=None))
            async with pool.acquire() as connection:
                await outbox.relay(connection, 100)
            with contextlib.suppress(TimeoutError):
                await eventually(emptied(pool), 1)
                break
        assert dispatcher.sent > 0


async def received(client: Client, booking: UUID, verb: str) -> bool:
    return verb in [name for name, _ in await signals(client, booking)]


async def test_a_booking_that_is_over_keeps_its_completed_workflow(pool, dsn, client, queue):
    command = request(times(1)[0])
    async with (
        build_worker(client, BookingActivities(pool, lambda: None), task_queue=queue),
        dispatching(dsn, client, queue),
    ):
        await hold(pool, command)
        await change(pool, command.id, Verb.CANCEL)
        await eventually(emptied(pool))
        await workflow(client, command.id).result()
        first = await workflow(client, command.id).describe()

        # as if its dispatcher had died before it could delete the row
        await put(pool, command.id, "cancel")
        await eventually(emptied(pool))

    last = await workflow(client, command.id).describe()
    assert (last.run_id, last.status) == (first.run_id, WorkflowExecutionStatus.COMPLETED)


async def test_a_message_sent_twice_changes_nothing(pool, dsn, client, queue):
    """Its first dispatcher died before it could delete the row."""
    command = request(times(1)[0])
    await hold(pool, command)
    await change(pool, command.id, Verb.CONFIRM)
    async with pool.acquire() as connection:
        [message] = await db_inbox.claim(connection, 10, timedelta(seconds=0.1))
    assert (await Deliverer(client, queue).deliver(message)).verdict is Verdict.SENT

    async with (
        build_worker(client, BookingActivities(pool, lambda: None), task_queue=queue),
        dispatching(dsn, client, queue),
    ):
        await eventually(emptied(pool))
        await eventually(lambda: received(client, command.id, "confirm"))  # after a task in flight
        await change(pool, command.id, Verb.CANCEL)
        state = await workflow(client, command.id).result()
    assert state["status"] == Status.CANCELLED
    assert [verb for verb, _ in await committed(pool, command.id)] == ["confirm", "cancel"]


async def test_a_cut_connection_is_replaced(pool, dsn, postgres, client, queue):
    first, second = [request(start) for start in times(2)]
    database = await pool.fetchval("select current_database()")
    admin = await asyncpg.connect(postgres.superuser_dsn())
    async with dispatching(dsn, client, queue) as dispatcher:
        await hold(pool, first)
        await hold(pool, second)
        await eventually(emptied(pool))

        await pool.expire_connections()
        await admin.execute(f"alter database {database} with allow_connections false")
        await admin.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database
        )
        await eventually(lambda: _any_trouble(dispatcher))
        await admin.execute(f"alter database {database} with allow_connections true")
        await admin.close()

        await change(pool, second.id, Verb.CONFIRM)
        await eventually(emptied(pool))
    assert [verb for verb, _ in await signals(client, second.id)] == ["confirm"]


async def _any_trouble(dispatcher: Dispatcher) -> bool:
    return dispatcher.trouble != ""


@pytest.fixture
async def bare(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A namespace of its own, in which nothing is registered, on a server that notices at once when
    something is; others take up to a minute.
    """
    at_once = "system.forceSearchAttributesCacheRefreshOnRead"
    monkeypatch.setitem(embedded.temporal.DYNAMIC_CONFIG, at_once, True)
    with stack.temporal() as server:
        yield await _namespace(await Client.connect(server.address))


async def test_bookings_start_without_search_attributes_where_there_are_none(
    pool, dsn, bare, queue
):
    first, second = [request(start) for start in times(2)]
    await hold(pool, first)
    async with dispatching(dsn, bare, queue):
        await eventually(emptied(pool))
    assert not list((await workflow(bare, first.id).describe()).typed_search_attributes)

    await register_search_attributes(bare)
    await register_search_attributes(bare)
    await hold(pool, second)
    async with dispatching(dsn, bare, queue):
        await eventually(emptied(pool))
    assert (await workflow(bare, second.id).describe()).typed_search_attributes[
        BOOKING_STATUS
    ] == "held"


async def _namespace(client: Client) -> Client:
    name = f"bare-{uuid4()}"
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=name, workflow_execution_retention_period=Duration(seconds=86400)
        )
    )
    config = client.config()
    config["namespace"] = name
    bare = Client(**config)

    async def known() -> bool:
        try:
            await started(bare, uuid4())
        except RPCError:
            return False
        return True

    await eventually(known)
    return bare


async def test_an_unknown_namespace_loses_nothing(pool, dsn, client, queue):
    config = client.config()
    config["namespace"] = "not-there"
    await hold(pool, request(times(1)[0]))
    async with dispatching(dsn, Client(**config), queue) as dispatcher:
        await eventually(lambda: _trouble(dispatcher, "temporal"))
    assert await inbox(pool) == [("hold", 0)]


async def test_a_temporal_that_hangs_is_waited_for_and_stop_is_quick(pool, dsn, hanging, queue):
    client = await Client.connect(hanging, lazy=True)
    assert not await reachable(client, 0.2)
    await hold(pool, request(times(1)[0]))
    dispatcher = Dispatcher(dsn, client, task_queue=queue)
    await dispatcher.start()
    await eventually(lambda: _trouble(dispatcher, "temporal"))
    assert await inbox(pool) == [("hold", 0)]

    await asyncio.sleep(0.5)  # in the middle of its next call
    began = time.monotonic()
    await dispatcher.stop()
    assert time.monotonic() - began < HANG


async def test_it_starts_and_stops_with_nothing_there(queue):
    dispatcher = Dispatcher(
        f"postgresql://{NOWHERE}/x", await Client.connect(NOWHERE, lazy=True), task_queue=queue
    )
    await dispatcher.start()
    await eventually(lambda: _trouble(dispatcher, "postgres"))
    began = time.monotonic()
    await dispatcher.stop()
    assert time.monotonic() - began < HANG
