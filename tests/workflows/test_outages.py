"""What a booking survives: its database, its worker or Temporal itself going away."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from uuid_utils.compat import uuid7

import embedded.temporal
from db.pool import Pool, create_pool
from domain.booking import Verb
from domain.messages import BookingInput, Command
from embedded import stack
from tests.workflows.desk import TASK_TIMEOUT, Desk, has_looked, until
from workflows import BOOKING_STATUS
from workflows.booking import BookingWorkflow

LONG = 40
"""Events after which the server suggests to continue as new; in production 4096."""


@pytest.fixture(scope="module")
def own_temporal() -> Iterator[stack.RunningTemporal]:
    """A server that may be killed, and that finds histories long early."""
    with pytest.MonkeyPatch.context() as patch:
        config = embedded.temporal.DYNAMIC_CONFIG
        patch.setitem(config, "limit.historyCount.suggestContinueAsNew", LONG)
        with stack.temporal(persistent=True) as running:
            yield running


@pytest.fixture
async def own_desk(own_temporal: stack.RunningTemporal, pool: Pool) -> Desk:
    return Desk(await Client.connect(own_temporal.address), pool, f"bookings-{uuid4().hex[:8]}")


@pytest.fixture
async def nowhere() -> "AsyncIterator[Pool]":
    """A pool whose server is not there."""
    async with await create_pool("postgresql://nobody@127.0.0.1:1/nothing", 2) as pool:
        yield pool


async def test_without_the_database_updates_fail_and_signals_are_kept(desk: Desk, nowhere: Pool):
    id = await desk.hold()
    async with desk.working(nowhere):
        handle = await desk.start(id, "confirm", Command(id="kept"))
        with pytest.raises(WorkflowUpdateFailedError) as failed:
            await handle.execute_update(BookingWorkflow.ask_cancel, Command(id="dropped"))
        assert failed.value.cause.type == "unavailable"
        assert "127.0.0.1" not in str((await handle.fetch_history()).to_json())

    async with desk.working():

        async def booked() -> bool:
            return await desk.status(id) == "booked"

        await until(booked)
        await handle.signal(BookingWorkflow.look)
    assert await desk.verbs(id) == ["hold", "confirm"]
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING


async def test_a_signal_and_an_update_of_one_command_are_each_served(desk: Desk, nowhere: Pool):
    id = await desk.hold()
    command = Command(id="both")
    async with desk.working(nowhere):
        handle = await desk.start(id, "confirm", command)
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(BookingWorkflow.ask_confirm, command)

    async with desk.working():
        answer = await handle.execute_update(BookingWorkflow.ask_confirm, command)
    assert answer.outcome in ("done", "repeat")
    assert await desk.verbs(id) == ["hold", "confirm"]


async def test_a_deadline_that_passes_without_database_is_kept_after_it(desk: Desk, nowhere: Pool):
    await desk.holds_last(0.2)
    id = await desk.hold()
    async with desk.working(nowhere):
        handle = await desk.start(id)
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(BookingWorkflow.ask_confirm, Command(id="c"))
    async with desk.working():
        assert (await handle.result()).status == "expired"
    assert await desk.verbs(id) == ["hold", "expire"]


@pytest.mark.real_timeouts
async def test_a_database_that_hangs_is_unavailable_within_four_seconds(desk: Desk):
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id)
        command = Command(id=str(uuid7()))
        await until(lambda: has_looked(handle))
        async with desk.frozen(), asyncio.timeout(4):
            with pytest.raises(WorkflowUpdateFailedError) as failed:
                await handle.execute_update(BookingWorkflow.ask_confirm, command)
        assert failed.value.cause.type == "unavailable"

        answer = await handle.execute_update(BookingWorkflow.ask_confirm, command)
    assert answer.outcome == "done"
    assert await desk.verbs(id) == ["hold", "confirm"]


async def test_a_cancel_request_without_database_is_carried_out_after_it(desk: Desk, nowhere: Pool):
    id = await desk.hold()
    async with desk.working(nowhere):
        handle = await desk.start(id)
        await handle.cancel()
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(BookingWorkflow.ask_confirm, Command(id="c"))
    async with desk.working():
        assert (await handle.result()).status == "cancelled"


async def test_a_worker_killed_after_its_commit_leaves_one_effect(desk: Desk, dsn: str):
    id = await desk.hold()
    address = desk.client.service_client.config.target_host
    handle = await desk.start(id, "confirm", Command(id=str(uuid7())))
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.workflows.dying_worker", address, desk.queue, dsn
    )
    try:
        assert await asyncio.wait_for(killed.wait(), 20) == -signal.SIGKILL
    finally:
        if killed.returncode is None:
            killed.kill()
    assert await desk.status(id) == "booked"
    assert not await _events_of(handle, "marker_recorded_event_attributes")

    async with desk.working():
        answer = await handle.execute_update(BookingWorkflow.ask_confirm, Command(id="again"))
    assert answer.outcome == "same"
    assert await desk.verbs(id) == ["hold", "confirm"]
    assert await desk.events(id) == ["held", "booked"]


async def test_a_deadline_that_passes_without_a_worker_is_kept_when_one_comes(desk: Desk):
    await desk.holds_last(0.1)
    id = await desk.hold()
    handle = await desk.start(id)

    async def overdue() -> bool:
        async with desk.pool.acquire() as connection:
            return await connection.fetchval(
                "select hold_expires_at < clock_timestamp() from appointments where id = $1", id
            )

    await until(overdue)
    async with desk.working():
        assert (await handle.result()).status == "expired"


async def test_worker_without_workflow_cache_behaves_the_same(desk: Desk):
    ids = [await desk.hold() for _ in range(4)]
    await desk.holds_last(1.0)
    ids += [await desk.hold() for _ in range(4)]
    async with desk.working(max_cached_workflows=2):
        handles = [await desk.start(id) for id in ids]
        for handle in handles[:4]:
            await handle.execute_update(BookingWorkflow.ask_confirm, Command(id="c"))
        for handle in handles[:4]:
            await handle.signal(BookingWorkflow.cancel, Command(id="d"))
        ends = [(await handle.result()).status for handle in handles]
    assert ends == ["cancelled"] * 4 + ["expired"] * 4


async def test_open_holds_survive_the_death_of_temporal(
    own_temporal: stack.RunningTemporal, own_desk: Desk
):
    desk = own_desk
    ids: list[UUID] = []
    for seconds in (0.5, 1.0, 2.5):
        await desk.holds_last(seconds)
        ids += [await desk.hold() for _ in range(3)]
    await desk.holds_last(60)
    ids.append(confirmed := await desk.hold())
    async with desk.working():
        handles = [await desk.start(id) for id in ids]

        for handle in handles:
            await until(lambda handle=handle: has_looked(handle))
        await asyncio.to_thread(own_temporal.kill)
        await desk.change(confirmed, Verb.CONFIRM)  # its signal comes once Temporal is back
        await asyncio.to_thread(own_temporal.start)
        await handles[-1].signal(BookingWorkflow.look)

        ends = [(await handle.result()).status for handle in handles[:-1]]
    assert ends == ["expired"] * 9
    assert await desk.verbs(confirmed) == ["hold", "confirm"]


async def test_long_history_continues_as_new_with_its_pending_commands(own_desk: Desk):
    desk = own_desk
    id = await desk.hold()
    known = TypedSearchAttributes([SearchAttributePair(BOOKING_STATUS, "held")])
    handle = await desk.start(id, attributes=known)
    for number in range(LONG + 110):  # more than one batch
        await handle.signal(BookingWorkflow.release if number == 130 else BookingWorkflow.look)
    first = (await handle.describe()).run_id

    async with desk.working():
        assert (await handle.result()).status == "released"
    last = await desk.handle(id).describe()
    assert last.run_id != first
    assert last.typed_search_attributes.get(BOOKING_STATUS) == "released"
    started = (await desk.handle(id).fetch_history()).events[0]
    attributes = started.workflow_execution_started_event_attributes
    assert attributes.workflow_task_timeout.ToTimedelta() == TASK_TIMEOUT
    assert await desk.verbs(id) == ["hold", "release"]


async def test_pending_commands_survive_continue_as_new_without_database(
    own_desk: Desk, nowhere: Pool
):
    desk = own_desk
    booking = BookingInput(str(uuid7()), desk.request())
    async with desk.working():
        await desk.ask_hold(booking)
    handle = desk.handle(booking.id)
    first = (await handle.describe()).run_id
    async with desk.working(nowhere):
        await handle.signal(BookingWorkflow.confirm, Command(id="kept"))
        for _ in range(LONG):
            await handle.signal(BookingWorkflow.look)

        async def renewed() -> bool:
            return (await desk.handle(booking.id).describe()).run_id != first

        await until(renewed)
    async with desk.working():
        await desk.handle(booking.id).execute_update(BookingWorkflow.ask_cancel, Command(id="c"))
    assert await desk.verbs(booking.id) == ["hold", "confirm", "cancel"]


async def _events_of(handle, attributes: str) -> list:
    history = await handle.fetch_history()
    return [event for event in history.events if event.HasField(attributes)]
