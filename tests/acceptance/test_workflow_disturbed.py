"""Somebody meddles with workflows: it makes no difference to the bookings."""

from temporalio.client import WorkflowExecutionStatus
from uuid_utils.compat import uuid7

from domain.actors import CLINIC
from domain.appointments import Change, Via
from domain.booking import Verb
from domain.messages import Command
from services import booking
from tests.acceptance.clinic import Clinic
from tests.workflows.desk import until
from workflows.booking import BookingWorkflow


async def test_a_terminated_workflow_is_started_again(clinic: Clinic):
    confirmed, cancelled = await clinic.held(), await clinic.live(["hold", "confirm"])
    await clinic.looked([confirmed, cancelled])
    ended = {}
    for it in (confirmed, cancelled):
        ended[it.id] = (await clinic.workflow(it.id).describe()).run_id
        await clinic.workflow(it.id).terminate("by a slip of the hand")

    await clinic.confirm(confirmed)
    await clinic.cancel(cancelled)
    await clinic.lived(
        {confirmed.id: ["hold", "confirm"], cancelled.id: ["hold", "confirm", "cancel"]}
    )
    for id, run in ended.items():
        assert (await clinic.workflow(id).describe()).run_id != run


async def test_signals_that_come_late_or_twice_change_nothing(clinic: Clinic):
    it = await clinic.live(["hold", "confirm"])
    await clinic.looked([it])
    (confirmed,) = await clinic.pool.fetchval(
        "select array_agg(command_id) from appointment_transitions"
        " where appointment_id = $1 and verb = 'confirm'",
        it.id,
    )
    handle = clinic.workflow(it.id)
    signals = (
        [(BookingWorkflow.confirm, Command(id=str(confirmed)))] * 3
        + [(BookingWorkflow.confirm, Command(id="another"))]
        + [(BookingWorkflow.release, Command(id="late")), (BookingWorkflow.extend, Command())]
    )
    for signal, command in signals:
        await handle.signal(signal, command)
    answer = await handle.execute_update(BookingWorkflow.ask_confirm, Command(id=str(confirmed)))
    assert answer.outcome == "repeat"  # and all that came before it has been looked at
    await clinic.lived({it.id: ["hold", "confirm"]})

    await clinic.cancel(it)
    await clinic.lived({it.id: ["hold", "confirm", "cancel"]})
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_at_deadline_workflow_reads_the_row(
    clinic: Clinic,
):
    """The row is confirmed, and the workflow not told."""
    it = await clinic.held(2.0)
    await clinic.looked([it])
    async with clinic.pool.acquire() as connection:
        command = Change(it.id, Verb.CONFIRM, uuid7())
        await booking.change(connection, command, CLINIC, Via.WORKFLOW)
    await clinic.lived({it.id: ["hold", "confirm"]})


async def test_hold_expires_though_its_workflow_was_terminated(clinic: Clinic):
    it = await clinic.held(2.0)
    await until(lambda: clinic.started(it.id))
    await clinic.workflow(it.id).terminate()

    async def expired() -> bool:
        return (await clinic.truth(it.id)).verbs == ["hold", "expire"]

    await until(expired, 20)
    assert (await clinic.truth(it.id)).vias[-1] == "sweep"
