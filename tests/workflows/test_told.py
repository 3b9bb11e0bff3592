"""What the API has carried out comes with what became of it: then a workflow need not look."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import TypedSearchAttributes
from temporalio.exceptions import ApplicationError
from uuid_utils.compat import uuid7

from activities.advance import BookingActivities
from domain.booking import BookingState, Verb, Visit
from domain.messages import Command, Done, Seen, Work
from tests.support import AMARA
from tests.workflows.desk import Desk, Handle, has_looked, until
from workflows import search_attributes
from workflows.booking import BookingWorkflow
from workflows.worker import build_worker

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


async def test_a_booking_that_the_api_alone_moves_is_looked_at_once_at_its_end(desk: Desk):
    id = await desk.hold()
    async with desk.working():
        handle = await desk.begin(id)
        for version, verb in ((2, Verb.EXTEND), (3, Verb.CONFIRM), (4, Verb.CHECK_IN)):
            await desk.change(id, verb)
            await handle.signal(verb, await desk.told(id, verb))
            await until(lambda at=version: is_at(handle, at))
        assert await looks(handle) == 0
        await desk.change(id, Verb.CANCEL)
        await handle.signal(Verb.CANCEL, await desk.told(id, Verb.CANCEL))
        ended = await handle.result()

    assert (ended.status, ended.version, await looks(handle)) == ("cancelled", 5, 1)
    assert await desk.verbs(id) == ["hold", "extend", "confirm", "check_in", "cancel"]


async def test_at_its_deadline_a_hold_is_looked_at_all_the_same(desk: Desk):
    await desk.holds_last(0.5)
    id = await desk.hold()
    async with desk.working():
        handle = await desk.begin(id)
        ended = await handle.result()

    assert (ended.status, await looks(handle)) == ("expired", 1)
    assert await desk.verbs(id) == ["hold", "expire"]


async def test_a_message_that_waited_until_its_deadline_makes_it_look(desk: Desk):
    id = await desk.hold()
    told = await desk.told(id, "hold", ago=3600)
    async with desk.working():
        handle = await desk.begin(id, told)
        await until(lambda: has_looked(handle))
        state = await handle.query(BookingWorkflow.state)

    assert (state.status, await looks(handle)) == ("held", 1)
    assert 200 < state.due_in <= 300


async def test_who_knows_more_than_it_is_told_looks(desk: Desk):
    id = await desk.hold()
    older = await desk.told(id, "confirm")
    async with desk.working():
        handle = await desk.begin(id)
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
    handle = await desk.begin(id, hold)
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
    handle = await desk.begin(id, hold)
    await handle.signal("confirm", Command(id=str(uuid7())))
    async with desk.working():
        await until(lambda: is_at(handle, 2))
    assert await looks(handle) == 1
    assert await desk.verbs(id) == ["hold", "confirm"]


class Losing(BookingActivities):
    """Carries out the first call, and the repeat of it, without an answer."""

    calls = 0

    @activity.defn(name="advance")
    async def advance(self, work: Work) -> Done:
        done = await super().advance(work)
        self.calls += 1
        if self.calls <= 2:
            raise ApplicationError("lost", type="unavailable")
        return done


async def test_after_a_look_that_failed_it_looks_whatever_it_was_told(desk: Desk):
    """It may have changed the row, which the news does not know of."""
    id = await desk.hold()
    hold = await desk.told(id, "hold")
    await desk.change(id, Verb.CONFIRM)
    handle = await desk.begin(id, hold)
    await handle.signal("confirm", await desk.told(id, "confirm"))
    asked = asyncio.create_task(
        handle.execute_update(BookingWorkflow.ask_cancel, Command(id=str(uuid7())))
    )
    losing = Losing(desk.pool, lambda: None)
    async with build_worker(desk.client, losing, task_queue=desk.queue):
        with pytest.raises(WorkflowUpdateFailedError):
            await asked
        ended = await handle.result()
    assert (ended.status, ended.version) == ("cancelled", 3)


@pytest.mark.parametrize(
    "said",
    [
        {"over": True},
        {"due_in": None},
        {"due_in": 1e300},
        {"due_in": float("nan")},
        {"due_in": -1.0},
        {"id": "another"},
        {"status": "unheard of"},
        {"status": "cancelled"},
        {"visit": Visit(str(AMARA), str(AMARA), "tomorrow")},
        {"visit": Visit(str(AMARA), str(AMARA), "2030-01-07T09:00:00")},
        {"visit": Visit("unheard of", str(AMARA), "2030-01-07T09:00:00Z")},
    ],
    ids=str,
)
async def test_what_cannot_be_is_not_believed(desk: Desk, said: dict[str, Any]):
    """Anybody with access to Temporal can say anything."""
    id = await desk.hold()
    async with desk.working():
        hold = await desk.told(id, "hold")
        known = TypedSearchAttributes(list(search_attributes(hold.seen.state)))
        handle = await desk.begin(id, hold, known)
        await until(lambda: has_looked(handle))
        told = await desk.told(id, "confirm")
        state = replace(told.seen.state, version=2**31 - 1, **said)
        await handle.signal("confirm", replace(told, seen=replace(told.seen, state=state)))

        async def looked() -> bool:
            return await looks(handle) == 1

        await until(looked)
        found = await handle.query(BookingWorkflow.state)
    assert (found.status, found.version) == ("held", 1)
