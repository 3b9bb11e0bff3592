"""Who is told what, and what is kept."""

import asyncio

import pytest
from temporalio.exceptions import ApplicationError

from domain.booking import BookingState
from domain.messages import Command, Done
from workflows.mailbox import Mailbox, answer

STATE = BookingState("id", "booked", 2)
CONFIRM, CANCEL, OTHER = Command("confirm", "1"), Command("cancel", "1"), Command("confirm", "2")


def commands(letters) -> list[Command]:
    return [letter.command for letter in letters]


async def asked(mailbox: Mailbox, command: Command) -> asyncio.Task:
    task = asyncio.create_task(mailbox.ask(command))
    await asyncio.sleep(0)  # it is in the mailbox from here on
    return task


def test_a_repeated_message_is_one_command():
    mailbox = Mailbox([CONFIRM])
    mailbox.put(CONFIRM)
    mailbox.put(OTHER)
    assert commands(mailbox.take(100)) == [CONFIRM, OTHER]
    assert mailbox.heard == 3


def test_what_is_heard_again_after_it_was_taken_is_looked_at_again():
    mailbox = Mailbox([CONFIRM])
    mailbox.take(100)
    mailbox.put(CONFIRM)
    assert commands(mailbox.take(100)) == [CONFIRM]


def test_a_batch_is_bounded_and_never_has_two_commands_of_one_id():
    mailbox = Mailbox([CONFIRM, CANCEL, OTHER])
    assert commands(mailbox.take(100)) == [CONFIRM, OTHER]
    assert commands(mailbox.take(100)) == [CANCEL]
    assert len(Mailbox([Command("look", str(n)) for n in range(9)]).take(4)) == 4


async def test_all_who_ask_the_same_are_answered_together():
    mailbox = Mailbox([])
    tasks = [await asked(mailbox, CONFIRM) for _ in range(3)]
    batch = mailbox.take(100)
    answer(batch, Done(STATE, {"1": "done"}))
    assert {(await task).outcome for task in tasks} == {"done"}
    assert len(batch) == 1
    assert not mailbox.awaited


async def test_after_a_failure_who_waits_is_told_and_a_signal_is_kept_in_its_place():
    mailbox = Mailbox([CONFIRM])
    task = await asked(mailbox, OTHER)
    mailbox.put_back(mailbox.take(100))
    mailbox.put(CANCEL)

    with pytest.raises(ApplicationError, match="repeat with the same command id"):
        await task
    assert mailbox.commands == [CONFIRM, CANCEL]


async def test_an_update_that_fails_does_not_undo_the_signal_of_the_same_command():
    mailbox = Mailbox([CONFIRM])
    task = await asked(mailbox, CONFIRM)
    mailbox.put_back(mailbox.take(100))

    with pytest.raises(ApplicationError):
        await task
    assert mailbox.commands == [CONFIRM]


async def test_who_asked_meanwhile_is_answered_by_the_next_attempt():
    mailbox = Mailbox([CONFIRM])
    failed = mailbox.take(100)
    task = await asked(mailbox, CONFIRM)
    mailbox.put_back(failed)

    batch = mailbox.take(100)
    answer(batch, Done(STATE, {"1": "repeat"}))
    assert (await task).outcome == "repeat"
    assert commands(batch) == [CONFIRM]
