"""What a booking's workflow does: look at the row, carry out what was heard, wait for what is due.

Level-triggered: started at any state, told anything twice, or killed in between, it looks at the
row and goes on from there. News of the API brings the row as it was read for it, so that there is
nothing to look for.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypedDict

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeUpdate
from temporalio.exceptions import FailureError

from activities import wire
from activities.advance import REFUSED, BookingActivities
from domain.booking import BookingState
from domain.messages import Booking, Done, Work
from workflows import search_attributes
from workflows.mailbox import Letter, Mailbox, answer

BATCH = 100
"""Commands in one call of the activity."""

CARRIED = 1000
"""Commands that may be carried into the next run."""

LONGEST_BACK_OFF = 60.0


class _Attempt(TypedDict):
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


ATTEMPT = _Attempt(
    # Few and short: while it runs, signals and updates wait.
    start_to_close_timeout=timedelta(seconds=2),
    schedule_to_close_timeout=timedelta(seconds=3),
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=2),
)


class Life:
    """One run of a booking. `state` is what it saw last; the row may be further."""

    def __init__(self, booking: Booking, mailbox: Mailbox) -> None:
        self._booking = booking
        self._mailbox = mailbox
        self.state: BookingState | None = None

    async def live(self) -> BookingState:
        """Returns once nothing more can become due and every answer is out. Never fails for want of
        the database.
        """
        failures = 0
        while True:
            batch, heard = self._mailbox.take(BATCH), self._mailbox.heard
            try:
                # A look that failed may have changed the row: what others saw is older then.
                told = None if failures else self._told(batch)
                done = told or await self._advance(batch)
            except FailureError:  # time-outs come as ActivityError, all else as it was raised
                self._mailbox.put_back(batch)
                await self._renew_if_long()
                await self._back_off(failures, heard)
                failures += 1
                continue

            failures = 0
            self._learn(done.state)
            answer(batch, done)
            await self._renew_if_long()
            if self._mailbox:
                continue
            if done.state.over and await self._quiet(1):
                return done.state
            await self._wait_until_due(done.state)

    def _told(self, batch: list[Letter]) -> Done | None:
        """What a look would find, where whoever told us has just had one; null where we must look
        ourselves: at a deadline and before the end, where anything else was heard or an answer is
        waited for, and first of all in a run that does not begin with the booking's hold.
        """
        said = [wire.seen(self._booking, letter.command) for letter in batch if not letter.reply]
        news = [seen for seen in said if seen]
        begun = self.state or self._booking.todo
        if not begun or not news or len(news) < len(batch):
            return None
        newest = max(news, key=lambda seen: seen.state.version)
        state = newest.by(workflow.now().timestamp())
        late = self.state and state.version < self.state.version
        due = state.due_in is None or state.due_in <= 0
        return None if late or due else Done(state, {})

    async def _advance(self, batch: list[Letter]) -> Done:
        """One look at the row. Never two at once: replay could not tell their order."""
        commands = [letter.command for letter in batch]
        asked = ", ".join(dict.fromkeys(command.verb for command in commands))
        due = f"{self.state.due} deadline" if self.state and self.state.due else "first look"
        work = Work(replace(self._booking, todo=[]), commands)
        return await workflow.execute_local_activity_method(
            BookingActivities.advance, work, summary=asked or due, **ATTEMPT
        )

    def _learn(self, state: BookingState) -> None:
        self.state = state
        if state.status == REFUSED:
            # Once told it stays so, even if the slot becomes free before we close.
            self._booking = replace(self._booking, hold=None)
        _show(state)
        details = f"**{state.status}**, version {state.version}"
        if state.due_in is not None:
            at = workflow.now() + timedelta(seconds=state.due_in)
            details += f"; {state.due} deadline {at:%Y-%m-%d %H:%M:%S} UTC"
        workflow.set_current_details(details)

    async def _wait_until_due(self, state: BookingState) -> None:
        mailbox = self._mailbox
        await _wait(lambda: bool(mailbox), state.due_in, f"{state.due} deadline")

    async def _back_off(self, failures: int, heard: int) -> None:
        """1 s, twice as long after each failure in a row; any message ends it."""
        workflow.logger.warning("the booking waits for the database")
        pause = min(LONGEST_BACK_OFF, 2.0 ** min(failures, 6))
        await _wait(lambda: self._mailbox.heard != heard, pause, "database back-off")

    async def _renew_if_long(self) -> None:
        if workflow.info().is_continue_as_new_suggested() and await self._quiet(CARRIED):
            # The next run begins with a look: what others have seen need not be carried.
            todo = [command for command in self._mailbox.commands if not command.seen]
            workflow.continue_as_new(replace(self._booking, todo=todo))

    async def _quiet(self, limit: int) -> bool:
        """Waits until every answer is out; false when there is one more to give first, or `limit`
        commands.
        """
        mailbox = self._mailbox
        await workflow.wait_condition(
            lambda: workflow.all_handlers_finished() or mailbox.awaited or len(mailbox) >= limit
        )
        return workflow.all_handlers_finished() and len(mailbox) < limit


def _show(state: BookingState) -> None:
    """Makes the search attributes say what is so, those that were given at the start: upserting
    what is not registered would block the workflow, and whoever started it knew.
    """
    given = workflow.info().typed_search_attributes
    changed: list[SearchAttributeUpdate[Any]] = []
    for key, value in search_attributes(state):
        if given.get(key) not in (None, value):
            changed.append(key.value_set(value))
    if changed:
        workflow.upsert_search_attributes(changed)


async def _wait(ready: Callable[[], bool], seconds: float | None, summary: str) -> None:
    """Until `ready`, or until the time is over; what is overdue still takes a moment."""
    pause = None if seconds is None else max(seconds, 0.05)
    with contextlib.suppress(TimeoutError):
        await workflow.wait_condition(ready, timeout=pause, timeout_summary=summary)
