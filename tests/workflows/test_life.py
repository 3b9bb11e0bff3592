"""A booking's life through Temporal, with the real database behind it."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from uuid_utils.compat import uuid7

from domain.booking import RULES, Verb
from domain.messages import BookingInput, Command
from tests.support import AMARA, begin_visit
from tests.workflows.desk import Desk, current_details, has_looked, has_read, until
from workflows import BOOKING_STATUS, CLINIC_ID, DENTIST_ID, SLOT_START
from workflows.booking import BookingWorkflow

pytestmark = pytest.mark.usefixtures("working")


async def test_a_whole_booking_goes_through_temporal_alone(desk: Desk):
    booking = BookingInput(str(uuid7()), desk.request())

    held = await desk.ask_hold(booking)
    handle = desk.handle(booking.id)
    confirmed = await handle.execute_update(BookingWorkflow.ask_confirm, Command(id=str(uuid7())))
    cancelled = await handle.execute_update(BookingWorkflow.ask_cancel, Command(id="any text"))

    assert [held.outcome, confirmed.outcome, cancelled.outcome] == ["done", "done", "done"]
    assert [held.state.status, confirmed.state.status] == ["held", "booked"]
    assert await handle.result() == cancelled.state
    assert await desk.verbs(booking.id) == ["hold", "confirm", "cancel"]
    assert await desk.events(booking.id) == ["held", "booked", "cancelled"]


async def test_a_hold_that_is_refused_ends_its_workflow_and_leaves_no_row(desk: Desk):
    taken = desk.next_slot()
    await desk.hold(taken)
    booking = BookingInput(str(uuid7()), desk.request(taken))

    answer = await desk.ask_hold(booking)

    assert (answer.outcome, answer.state.status) == ("slot", "refused")
    assert (await desk.handle(booking.id).result()).status == "refused"
    assert await desk.status(booking.id) is None


async def test_a_booking_without_row_and_hold_ends_as_refused(desk: Desk):
    handle = await desk.start(uuid7(), "confirm", Command(id="x"))
    assert (await handle.result()).status == "refused"


async def test_a_hold_expires_by_the_timer(desk: Desk):
    await desk.holds_last(0.3)
    id = await desk.hold()
    handle = await desk.start(id)

    assert (await handle.result()).status == "expired"
    assert await desk.verbs(id) == ["hold", "expire"]


async def test_a_hold_that_is_overdue_at_the_start_expires_at_once(desk: Desk):
    await desk.holds_last(0.001)
    id = await desk.hold()
    assert (await (await desk.start(id)).result()).status == "expired"


async def test_what_nobody_approves_in_time_is_declined(desk: Desk):
    await desk.needs_approval(0.3)
    id = await desk.hold()
    handle = await desk.start(id, "confirm", Command(id="c"))

    assert (await handle.result()).status == "declined"
    assert await desk.verbs(id) == ["hold", "confirm", "expire"]


async def test_an_extended_hold_outlives_its_first_deadline(desk: Desk):
    await desk.holds_last(0.6)
    id = await desk.hold()
    handle = await desk.start(id, "extend", Command(id="e"))

    assert (await handle.result()).version == 3
    assert await desk.verbs(id) == ["hold", "extend", "expire"]


@pytest.mark.parametrize(
    ("before", "then", "status"),
    [
        ([], "confirm", "booked"),
        ([Verb.CONFIRM], "check_in", "checked_in"),
        ([Verb.CONFIRM, Verb.CHECK_IN], "start", "in_treatment"),
        ([Verb.CONFIRM, Verb.CHECK_IN, Verb.START], "complete", "completed"),
        ([Verb.CONFIRM], "no_show", "no_show"),
        ([], "release", "released"),
    ],
)
async def test_started_at_any_state_it_runs_on(desk: Desk, before, then: str, status: str):
    id = await desk.hold()
    for verb in before:
        await desk.change(id, verb)
    if RULES[Verb(then)].earliest:
        await begin_visit(desk.pool, id)

    await desk.start(id, then)

    async def arrived() -> bool:
        return await desk.status(id) == status

    await until(arrived)
    assert await desk.verbs(id) == ["hold", *before, then]


@pytest.mark.parametrize("verb", ["approve", "decline"])
async def test_what_needs_approval_is_approved_or_declined_by_a_signal(desk: Desk, verb: str):
    await desk.needs_approval()
    id = await desk.hold()
    await desk.change(id, Verb.CONFIRM)

    await desk.start(id, verb)

    async def arrived() -> bool:
        return (await desk.verbs(id))[-1] == verb

    await until(arrived)


@pytest.mark.parametrize("verb", [Verb.CANCEL, Verb.RELEASE])
async def test_started_at_its_end_it_closes_and_changes_nothing(desk: Desk, verb: Verb):
    id = await desk.hold()
    await desk.change(id, verb)
    before = await desk.verbs(id)

    await (await desk.start(id)).result()

    assert await desk.verbs(id) == before


async def test_signals_that_come_late_or_twice_change_nothing(desk: Desk):
    id, confirm = await desk.hold(), uuid7()
    await desk.change(id, Verb.CONFIRM, confirm)  # the API was first

    handle = await desk.start(id, "confirm", Command(id=str(confirm)))
    for _ in range(3):
        await handle.signal(BookingWorkflow.confirm, Command(id=str(confirm)))
        await handle.signal(BookingWorkflow.release, Command(id="too late"))
        await handle.signal(BookingWorkflow.look)
    await handle.execute_update(BookingWorkflow.ask_cancel, Command(id="end"))

    assert (await handle.result()).status == "cancelled"
    assert await desk.verbs(id) == ["hold", "confirm", "cancel"]


async def test_the_same_command_under_another_update_id_is_a_repeat(desk: Desk):
    id = await desk.hold()
    handle = await desk.start(id)
    command = Command(id=str(uuid7()))

    answers = [
        await handle.execute_update(BookingWorkflow.ask_confirm, command, id=update_id)
        for update_id in ("one", "one", "two")
    ]

    assert [answer.outcome for answer in answers] == ["done", "done", "repeat"]
    assert await desk.verbs(id) == ["hold", "confirm"]


async def test_an_update_without_a_command_id_has_the_update_s(desk: Desk):
    id = await desk.hold()
    handle = await desk.start(id)
    first = await handle.execute_update(BookingWorkflow.ask_confirm, Command(), id="u")
    await handle.execute_update(BookingWorkflow.ask_confirm, Command(id="u"), id="another")

    assert first.outcome == "done"
    assert await desk.verbs(id) == ["hold", "confirm"]


async def test_the_hold_s_answer_can_be_asked_for_again_after_the_end(desk: Desk):
    booking = BookingInput(str(uuid7()), desk.request())
    first = await desk.ask_hold(booking, "hold")
    again = await desk.ask_hold(booking, "another")
    await desk.handle(booking.id).execute_update(BookingWorkflow.ask_cancel, Command(id="c"))
    await desk.handle(booking.id).result()

    assert await desk.ask_hold(booking, "hold") == first
    assert (first.outcome, again.outcome) == ("done", "repeat")


async def test_a_confirm_after_the_deadline_is_answered_as_expired(desk: Desk):
    await desk.holds_last(0.001)
    id = await desk.hold()
    start = await desk.start(id, "confirm", Command(id="late"))
    assert (await start.result()).status == "expired"
    assert await desk.verbs(id) == ["hold", "expire"]


async def test_the_web_ui_s_cancel_is_a_cancel_by_the_clinic(desk: Desk):
    id = await desk.hold()
    handle = await desk.start(id)
    await desk.change(id, Verb.CONFIRM)

    await handle.cancel()

    assert (await handle.result()).status == "cancelled"
    async with desk.pool.acquire() as connection:
        by = await connection.fetchval("select cancelled_by from appointments where id = $1", id)
    assert by == "clinic"


async def test_a_terminated_booking_can_be_started_again_and_a_closed_one_cannot(desk: Desk):
    id = await desk.hold()
    await (await desk.start(id)).terminate()

    policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
    handle = await desk.start(id, "cancel", Command(id="c"), reuse=policy)
    assert (await handle.result()).status == "cancelled"

    with pytest.raises(WorkflowAlreadyStartedError):
        await desk.start(id, "confirm", Command(id="d"), reuse=policy)


async def test_a_hundred_signals_at_once_are_one_transition(desk: Desk):
    id, confirm = await desk.hold(), str(uuid7())
    await asyncio.gather(
        *(desk.start(id, "confirm", Command(id=confirm)) for _ in range(60)),
        *(desk.start(id, "confirm", Command(id=f"other {n}")) for n in range(40)),
    )
    handle = desk.handle(id)
    answer = await handle.execute_update(BookingWorkflow.ask_confirm, Command(id=confirm))

    assert answer.outcome in ("repeat", "same")
    assert await desk.verbs(id) == ["hold", "confirm"]
    runs = [run async for run in desk.client.list_workflows(f"WorkflowId = '{handle.id}'")]
    assert len(runs) <= 1  # the listing may lag, but never shows a second


async def test_all_who_ask_at_once_are_answered(desk: Desk):
    id = await desk.hold()
    handle = await desk.start(id)
    ids = [str(uuid7()) for _ in range(3)]
    answers = await asyncio.gather(
        *(
            handle.execute_update(BookingWorkflow.ask_confirm, Command(id=ids[n % 3]))
            for n in range(9)
        )
    )

    assert {answer.state.status for answer in answers} == {"booked"}
    assert [answer.outcome for answer in answers].count("done") >= 1
    assert await desk.verbs(id) == ["hold", "confirm"]


async def test_a_malformed_signal_is_dropped_and_a_strange_one_is_a_look(desk: Desk):
    id = await desk.hold()
    handle = await desk.start(id)
    await handle.signal("confirm", {"id": ["not", "text"]})
    await handle.signal("confirm", Command(id="x", by="nobody:at all"))
    await handle.signal("reschedule", Command(id="y"))
    await handle.signal("release", None)  # as a person at the Web UI may send it

    assert (await handle.result()).status == "released"
    assert await desk.verbs(id) == ["hold", "release"]


@pytest.mark.parametrize(
    "command",
    [
        Command(id="x" * 256),
        Command(id="nul\0"),
        Command(id="x", by="patient"),
        Command(id="x", by="patient:who"),
        Command(id="x", reason="Because I say so"),
        Command(id="x", expected_version=2**40),
    ],
)
async def test_a_malformed_update_is_turned_away_and_leaves_no_trace(desk: Desk, command: Command):
    id = await desk.hold()
    handle = await desk.start(id)
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await handle.execute_update(BookingWorkflow.ask_confirm, command)

    assert failed.value.cause.type == "malformed"
    history = await handle.fetch_history()
    assert not any(
        e.HasField("workflow_execution_update_accepted_event_attributes") for e in history.events
    )


async def test_the_status_is_upserted_only_where_it_was_given_at_the_start(desk: Desk):
    async def listed(handle) -> str | None:
        await handle.result()
        found = await handle.describe()
        return found.typed_search_attributes.get(BOOKING_STATUS)

    known = TypedSearchAttributes([SearchAttributePair(BOOKING_STATUS, "held")])
    other = TypedSearchAttributes([SearchAttributePair(CLINIC_ID, "x")])
    first, second = await desk.hold(), await desk.hold()
    one = await desk.start(first, "release", attributes=known)
    two = await desk.start(second, "release", attributes=other)

    assert await listed(one) == "released"
    assert await listed(two) is None


async def test_a_booking_that_moves_is_found_by_its_new_time(desk: Desk):
    id = await desk.hold()
    await desk.change(id, Verb.CONFIRM)
    later = desk.next_slot()
    handle = await desk.start(id, attributes=await desk.attributes(id))
    await handle.signal("reschedule", Command(id=str(uuid7()), starts_at=later.isoformat()))

    async def found() -> bool:
        return (await handle.describe()).typed_search_attributes[SLOT_START] == later

    await until(found)
    found_by = (await handle.describe()).typed_search_attributes
    assert (found_by[DENTIST_ID], found_by[BOOKING_STATUS]) == (str(AMARA), "booked")


async def test_the_state_can_be_queried_also_after_the_end(desk: Desk):
    id = await desk.hold()
    handle = await desk.start(id, "cancel")
    await handle.result()
    assert (await handle.query(BookingWorkflow.state)).status == "cancelled"
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_current_details_list_the_recent_transitions(desk: Desk):
    id = await desk.hold()
    for verb in (Verb.EXTEND, Verb.CONFIRM):
        await desk.change(id, verb)
    handle = await desk.begin(id)
    await until(lambda: has_looked(handle))

    details = await current_details(handle)
    assert details.startswith("**booked**, version 3; end of visit deadline ")
    steps = [line.split(" ", 2)[2] for line in details.splitlines()[1:]]
    assert steps == ["hold → held", "extend → held", "confirm → booked"]


async def test_hold_and_confirm_in_one_message_take_one_workflow_task(desk: Desk):
    desk.task_timeout = timedelta(seconds=60)  # a task that takes long is followed by a second
    id = await desk.hold()
    await desk.change(id, Verb.CONFIRM)
    handle = await desk.begin(id)
    await until(lambda: has_looked(handle))

    types = [event.event_type for event in (await handle.fetch_history()).events]
    assert types.count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) == 1
    assert types.count(EventType.EVENT_TYPE_MARKER_RECORDED) == 1
    assert await desk.verbs(id) == ["hold", "confirm"]


async def test_every_verb_that_the_api_has_carried_out_is_a_repeat(desk: Desk):
    id = await desk.hold()
    handle = await desk.begin(id)
    verbs = (Verb.EXTEND, Verb.CONFIRM, Verb.EDIT, Verb.CHECK_IN, Verb.START, Verb.COMPLETE)
    for version, verb in enumerate(verbs, start=2):
        if verb is Verb.CHECK_IN:
            await begin_visit(desk.pool, id)
        await desk.change(id, verb)
        await handle.signal(verb, await desk.last_command(id))
        await until(lambda version=version: has_read(handle, version))
    assert (await handle.result()).status == "completed"
    assert await desk.verbs(id) == ["hold", *verbs]
