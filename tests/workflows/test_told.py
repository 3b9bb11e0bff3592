"""What the API has carried out comes with what became of it: then a workflow need not look."""

import asyncio

from temporalio.api.enums.v1 import EventType
from uuid_utils.compat import uuid7

from domain.booking import BookingState, Verb
from domain.messages import Booking, Command, Seen
from tests.workflows.desk import Desk, Handle, has_looked, until
from workflows.booking import BookingWorkflow

LOOKED = EventType.EVENT_TYPE_MARKER_RECORDED


async def looks(handle: Handle) -> int:
    """How often it asked the database, by its history."""
    history = await handle.fetch_history()
    return sum(event.event_type == LOOKED for event in history.events)


async def is_at(handle: Handle, version: int) -> bool:
    state = await handle.query(BookingWorkflow.state)
    return state is not None and state.version == version


def test_time_goes_by_between_a_reading_and_its_reader():
    seen = Seen(BookingState("b", "held", 1, "hold", 300.0), at=1000.0)
    assert seen.by(1060.0).due_in == 240.0
    assert seen.by(1400.0).due_in == -100.0


def test_a_clock_that_is_behind_adds_no_time():
    assert Seen(BookingState("b", "held", 1, "hold", 300.0), at=1000.0).by(900.0).due_in == 300.0


def test_what_has_no_deadline_has_none_later():
    state = BookingState("b", "cancelled", 3, over=True)
    assert Seen(state, at=1000.0).by(2000.0) == state


async def test_a_booking_that_the_api_alone_moves_asks_the_database_nothing(desk: Desk):
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id, booking=Booking(str(id), todo=[await desk.told(id, "hold")]))
        for version, verb in ((2, Verb.CONFIRM), (3, Verb.CHECK_IN), (4, Verb.CANCEL)):
            await until(lambda at=version - 1: is_at(handle, at))
            await desk.change(id, verb)
            await handle.signal(verb, await desk.told(id, verb))
        ended = await handle.result()

    assert (ended.status, ended.version) == ("cancelled", 4)
    assert await looks(handle) == 0
    assert await desk.verbs(id) == ["hold", "confirm", "check_in", "cancel"]


async def test_at_its_deadline_a_hold_is_looked_at_all_the_same(desk: Desk):
    await desk.holds_last(0.5)
    id = await desk.hold()
    async with desk.working():
        handle = await desk.start(id, booking=Booking(str(id), todo=[await desk.told(id, "hold")]))
        ended = await handle.result()

    assert (ended.status, await looks(handle)) == ("expired", 1)
    assert await desk.verbs(id) == ["hold", "expire"]


async def test_a_message_that_waited_until_its_deadline_makes_it_look(desk: Desk):
    id = await desk.hold()
    told = await desk.told(id, "hold", ago=3600)
    async with desk.working():
        handle = await desk.start(id, booking=Booking(str(id), todo=[told]))
        await until(lambda: has_looked(handle))
        state = await handle.query(BookingWorkflow.state)

    assert (state.status, await looks(handle)) == ("held", 1)
    assert 200 < state.due_in <= 300


async def test_who_knows_more_than_it_is_told_looks(desk: Desk):
    id = await desk.hold()
    older = await desk.told(id, "confirm")
    async with desk.working():
        handle = await desk.start(id, booking=Booking(str(id), todo=[await desk.told(id, "hold")]))
        await desk.change(id, Verb.CONFIRM)
        await handle.signal("confirm", await desk.told(id, "confirm"))
        await until(lambda: is_at(handle, 2))
        await handle.signal("confirm", older)

        async def looked() -> bool:
            return await looks(handle) == 1

        await until(looked)
        assert (await handle.query(BookingWorkflow.state)).status == "booked"


async def test_a_run_that_a_later_message_begins_looks_first(desk: Desk):
    """What was read before the booking's end may arrive when its workflow has closed."""
    id = await desk.hold()
    await desk.change(id, Verb.CONFIRM)
    late = await desk.told(id, "confirm")
    await desk.change(id, Verb.CANCEL)
    async with desk.working():
        ended = await (await desk.start(id, "confirm", late)).result()
    assert (ended.status, ended.version) == ("cancelled", 3)


async def test_who_waits_for_an_answer_has_one_that_was_looked_up(desk: Desk):
    id = await desk.hold()
    hold = await desk.told(id, "hold")
    await desk.change(id, Verb.CONFIRM)
    told = await desk.told(id, "confirm")
    handle = await desk.start(id, booking=Booking(str(id), todo=[hold]))
    await handle.signal("confirm", told)
    asked = asyncio.create_task(
        handle.execute_update(BookingWorkflow.ask_confirm, Command(id=told.id))
    )
    async with desk.working():
        answer = await asked
    assert (answer.outcome, answer.state.status) == ("same", "booked")
    assert await desk.verbs(id) == ["hold", "confirm"]


async def test_beside_a_command_of_temporals_own_users_it_looks(desk: Desk):
    id = await desk.hold()
    hold = await desk.told(id, "hold")
    handle = await desk.start(id, booking=Booking(str(id), todo=[hold]))
    await handle.signal("confirm", Command(id=str(uuid7())))
    async with desk.working():
        await until(lambda: is_at(handle, 2))
    assert await looks(handle) == 1
    assert await desk.verbs(id) == ["hold", "confirm"]
