"""Which commands are pending, who is answered, and what a failure keeps."""

import asyncio

import pytest
from temporalio.exceptions import ApplicationError

from domain.messages import AdvanceResult, BookingState, Command
from workflows.pending import PendingCommands, answer

STATE = BookingState("id", "booked", 2)
CONFIRM, CANCEL, OTHER = Command("confirm", "1"), Command("cancel", "1"), Command("confirm", "2")


def commands(taken) -> list[Command]:
    return [each.command for each in taken]


async def asked(pending: PendingCommands, command: Command) -> asyncio.Task:
    task = asyncio.create_task(pending.update(command))
    await asyncio.sleep(0)  # it is pending from here on
    return task


def test_a_repeated_message_is_one_command():
    pending = PendingCommands([CONFIRM])
    pending.signal(CONFIRM)
    pending.signal(OTHER)
    assert commands(pending.take(100)) == [CONFIRM, OTHER]
    assert pending.received == 3


def test_a_command_received_after_it_was_taken_is_pending_again():
    pending = PendingCommands([CONFIRM])
    pending.take(100)
    pending.signal(CONFIRM)
    assert commands(pending.take(100)) == [CONFIRM]


def test_a_batch_is_bounded_and_keeps_two_verbs_of_one_id_apart():
    pending = PendingCommands([CONFIRM, CANCEL, OTHER])
    assert commands(pending.take(2)) == [CONFIRM, CANCEL]
    assert commands(pending.take(2)) == [OTHER]
    assert len(PendingCommands([Command("look", str(n)) for n in range(9)]).take(4)) == 4


async def test_after_a_failure_updates_fail_and_signals_keep_their_order():
    pending = PendingCommands([CONFIRM])
    task = await asked(pending, OTHER)
    pending.put_back(pending.take(100))
    pending.signal(CANCEL)

    with pytest.raises(ApplicationError, match="repeat with the same command id"):
        await task
    assert pending.commands == [CONFIRM, CANCEL]


async def test_an_update_received_during_a_failed_attempt_is_answered_by_the_next():
    pending = PendingCommands([CONFIRM])
    failed = pending.take(100)
    task = await asked(pending, CONFIRM)
    pending.put_back(failed)

    batch = pending.take(100)
    answer(batch, AdvanceResult(STATE, ["repeat"]))
    assert (await task).outcome == "repeat"
    assert commands(batch) == [CONFIRM]
