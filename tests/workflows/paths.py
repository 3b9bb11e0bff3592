"""Every path through a booking's life, each once, for the recorded histories."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from uuid_utils.compat import uuid7

from db.pool import create_pool
from domain.booking import Verb
from domain.messages import BookingInput, Command
from tests.support import begin_visit
from tests.workflows.desk import Desk, Handle, has_looked, has_read, until
from workflows import BOOKING_STATUS
from workflows.booking import BookingWorkflow

Path = Callable[[Desk], Awaitable[Handle]]

LONG = 200
"""Events after which the recording server suggests to continue as new."""

HELD = TypedSearchAttributes([SearchAttributePair(BOOKING_STATUS, "held")])


async def through_temporal_alone(desk: Desk) -> Handle:
    booking = BookingInput(str(uuid7()), desk.request())
    async with desk.working():
        await desk.ask_hold(booking)
        handle = desk.handle(booking.id)
        await handle.execute_update(BookingWorkflow.ask_confirm, Command(id=str(uuid7())))
        await handle.execute_update(BookingWorkflow.ask_cancel, Command(id=str(uuid7())))
        await handle.result()
    return handle


async def refused(desk: Desk) -> Handle:
    taken = desk.next_slot()
    await desk.hold(taken)
    booking = BookingInput(str(uuid7()), desk.request(taken))
    async with desk.working():
        await desk.ask_hold(booking)
    return desk.handle(booking.id)


async def changed_by_the_api_alone(desk: Desk) -> Handle:
    id = await desk.hold()
    async with desk.working():
        handle = await desk.begin(id, attributes=HELD)
        await until(lambda: has_looked(handle))
        for version, verb in enumerate((Verb.EXTEND, Verb.CONFIRM, Verb.CANCEL), start=2):
            await desk.change(id, verb)
            await handle.signal(verb, await desk.last_command(id))
            await until(lambda version=version: has_read(handle, version))
        await handle.result()
    return handle


async def held_and_confirmed_in_one_message(desk: Desk) -> Handle:
    id = await desk.hold()
    await desk.change(id, Verb.CONFIRM)
    async with desk.working():
        handle = await desk.begin(id, attributes=HELD)
        await until(lambda: has_looked(handle))
    return handle


async def moved_to_another_time(desk: Desk) -> Handle:
    id = await desk.hold()
    await desk.change(id, Verb.CONFIRM)
    known = await desk.attributes(id)
    later = desk.next_slot().isoformat()
    async with desk.working():
        handle = await desk.start(id, attributes=known)
        await handle.signal("reschedule", Command(id=str(uuid7()), starts_at=later))
        await until(lambda: last_was(desk, id, "reschedule"))
        await handle.execute_update(BookingWorkflow.ask_cancel, Command(id=str(uuid7())))
        await handle.result()
    return handle


async def edited(desk: Desk) -> Handle:
    id = await desk.hold()
    await desk.change(id, Verb.CONFIRM)
    async with desk.working():
        handle = await desk.begin(id)
        await desk.change(id, Verb.EDIT)
        await handle.signal("edit", await desk.last_command(id))
        await handle.execute_update(BookingWorkflow.ask_cancel, Command(id=str(uuid7())))
        await handle.result()
    return handle


async def held_by_the_api_then_expired(desk: Desk) -> Handle:
    await desk.holds_last(1.0)
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id, attributes=HELD)
        await handle.result()
    return handle


async def held_by_the_api_then_released(desk: Desk) -> Handle:
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id, "release", Command(id=str(uuid7())), attributes=HELD)
        await handle.result()
    return handle


async def extended_then_expired(desk: Desk) -> Handle:
    await desk.holds_last(1.0)
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id)
        await until(lambda: has_looked(handle))
        await handle.signal(BookingWorkflow.extend, Command(id=str(uuid7())))
        await handle.result()
    return handle


async def visited(desk: Desk) -> Handle:
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id, attributes=HELD)
        for verb in ("confirm", "check_in", "start", "complete"):
            if verb == "check_in":
                await begin_visit(desk.pool, id)
            await handle.signal(verb, Command(id=str(uuid7())))
            await until(lambda verb=verb: last_was(desk, id, verb))
        await handle.result()
    return handle


async def not_visited(desk: Desk) -> Handle:
    id = await desk.hold()
    await desk.change(id, Verb.CONFIRM)
    await begin_visit(desk.pool, id)
    async with desk.working():
        handle = await desk.start(id, "no_show", Command(id=str(uuid7())))
        await handle.result()
    return handle


async def approved_then_cancelled(desk: Desk) -> Handle:
    await desk.needs_approval()
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id, "confirm", Command(id=str(uuid7())), attributes=HELD)
        await until(lambda: last_was(desk, id, "confirm"))
        await handle.signal(BookingWorkflow.approve)
        await until(lambda: last_was(desk, id, "approve"))
        await handle.signal(BookingWorkflow.cancel)
        await handle.result()
    return handle


async def not_approved_in_time(desk: Desk) -> Handle:
    await desk.needs_approval(1.0)
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id, "confirm", Command(id=str(uuid7())))
        await handle.result()
    return handle


async def cancel_request(desk: Desk) -> Handle:
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id)
        await until(lambda: has_looked(handle))
        await handle.cancel()
        await handle.result()
    return handle


async def cancel_request_before_the_first_task(desk: Desk) -> Handle:
    id = await desk.hold()
    handle = await desk.start(id)
    await handle.cancel()
    async with desk.working():
        await handle.result()
    return handle


async def started_at_its_end(desk: Desk) -> Handle:
    id = await desk.hold()
    await desk.change(id, Verb.CANCEL)
    async with desk.working():
        handle = await desk.start(id, "cancel", Command(id=str(uuid7())))
        await handle.result()
    return handle


async def late_repeated_and_malformed_signals(desk: Desk) -> Handle:
    id = await desk.hold()
    confirm = Command(id=str(uuid7()))
    handle = await desk.start(id, "confirm", confirm)
    for command in (confirm, confirm, Command(id="bad", by="nobody"), Command()):
        await handle.signal(BookingWorkflow.confirm, command)
    await handle.signal("confirm", {"id": ["not", "text"]})
    await handle.signal("unheard_of", Command())
    async with desk.working():
        await until(lambda: last_was(desk, id, "confirm"))
        await handle.signal(BookingWorkflow.look)
        await handle.signal(BookingWorkflow.release, Command(id="too late"))
        await handle.execute_update(BookingWorkflow.ask_confirm, confirm)
        await handle.execute_update(BookingWorkflow.ask_cancel, Command())
        await handle.result()
    return handle


async def many_at_once(desk: Desk) -> Handle:
    id = await desk.hold()
    handle = await desk.start(id)
    for number in range(130):
        await handle.signal(BookingWorkflow.confirm, Command(id=f"one of many {number}"))
    async with desk.working():
        asks = [
            handle.execute_update(BookingWorkflow.ask_confirm, Command(id=f"asked {n % 3}"))
            for n in range(6)
        ]
        await asyncio.gather(*asks)
        await handle.signal(BookingWorkflow.cancel)
        await handle.result()
    return handle


async def without_the_database(desk: Desk) -> Handle:
    id = await desk.hold()
    async with await create_pool("postgresql://nobody@127.0.0.1:1/nothing", 2) as nowhere:
        async with desk.working(nowhere):
            handle = await desk.start(id, "confirm", Command(id="kept"))
            for number in range(2):
                command = Command(id=f"dropped {number}")
                with contextlib.suppress(WorkflowUpdateFailedError):
                    await handle.execute_update(BookingWorkflow.ask_cancel, command)
    async with desk.working():
        await until(lambda: last_was(desk, id, "confirm"))
        await handle.signal(BookingWorkflow.cancel)
        await handle.result()
    return handle


async def with_a_database_that_hangs(desk: Desk) -> Handle:
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id)
        await until(lambda: has_looked(handle))
        async with desk.frozen():
            with contextlib.suppress(WorkflowUpdateFailedError):
                await handle.execute_update(BookingWorkflow.ask_confirm, Command(id="dropped"))
        await handle.signal(BookingWorkflow.cancel)
        await handle.result()
    return handle


async def continued_as_new(desk: Desk) -> Handle:
    id = await desk.hold()
    handle = await desk.start(id, attributes=HELD)
    for number in range(LONG):
        signal = BookingWorkflow.confirm if number > LONG - 20 else BookingWorkflow.look
        await handle.signal(signal)
    async with desk.working():
        await until(lambda: last_was(desk, id, "confirm"))
        await desk.handle(id).execute_update(BookingWorkflow.ask_cancel, Command())
    first = handle.first_execution_run_id
    return desk.client.get_workflow_handle_for(BookingWorkflow.run, handle.id, run_id=first)


async def still_open(desk: Desk) -> Handle:
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id, "confirm", Command(id=str(uuid7())), attributes=HELD)
        await until(lambda: last_was(desk, id, "confirm"))
        await until(lambda: has_looked(handle))
    return handle


PATHS: tuple[Path, ...] = (
    through_temporal_alone,
    refused,
    changed_by_the_api_alone,
    held_and_confirmed_in_one_message,
    moved_to_another_time,
    edited,
    held_by_the_api_then_expired,
    held_by_the_api_then_released,
    extended_then_expired,
    visited,
    not_visited,
    approved_then_cancelled,
    not_approved_in_time,
    cancel_request,
    cancel_request_before_the_first_task,
    started_at_its_end,
    late_repeated_and_malformed_signals,
    many_at_once,
    without_the_database,
    with_a_database_that_hangs,
    continued_as_new,
    still_open,
)


async def last_was(desk: Desk, id: object, verb: str) -> bool:
    return (await desk.verbs(str(id)))[-1] == verb
