"""What a booking's workflow does: it carries out the commands it received, reads the booking's
state, and waits for the next message or the next deadline.

It is level-triggered: started at any state, told anything twice, or killed in between, it reads the
row and goes on from there. Every message is treated alike. A command that the API has carried out
is a repeat to the database, and changes nothing.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypedDict

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeUpdate
from temporalio.exceptions import FailureError

from activities.advance import BookingActivities
from domain.booking import BookingState
from domain.messages import Booking, Done, Work
from workflows import search_attributes
from workflows.pending import PendingCommand, PendingCommands, answer

BATCH = 100
"""Commands in one call of the activity."""

CARRIED_OVER = 1000
"""Commands that may be carried over continue-as-new."""

LONGEST_BACK_OFF = 10.0
"""Seconds between two attempts while the database does not answer."""


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


class BookingLoop:
    """One run of a booking. `state` is what it read last; the row may be further."""

    def __init__(self, booking: Booking, pending: PendingCommands) -> None:
        self._booking = booking
        self._pending = pending
        self.state: BookingState | None = None

    async def run(self) -> BookingState:
        """Returns once nothing more can become due and every answer is out. Never fails because the
        database does not answer.
        """
        failures = 0
        while True:
            batch, received = self._pending.take(BATCH), self._pending.received
            try:
                done = await self._advance(batch)
            except FailureError:  # a time-out is an ActivityError, all else comes as it was raised
                self._pending.put_back(batch)
                await self._continue_as_new_if_long()
                await self._back_off(failures, received)
                failures += 1
                continue

            failures = 0
            self._show(done.state)
            answer(batch, done)
            await self._continue_as_new_if_long()
            if self._pending:
                continue
            if done.state.over and await self._answered(1):
                return done.state
            await self._wait_until_due(done.state)

    async def _advance(self, batch: list[PendingCommand]) -> Done:
        """Never runs twice at once: replay could not tell the order of two local activities."""
        commands = [pending.command for pending in batch]
        verbs = ", ".join(dict.fromkeys(command.verb for command in commands))
        due = f"{self.state.due} deadline" if self.state and self.state.due else "first look"
        work = Work(replace(self._booking, todo=[]), commands)
        done = await workflow.execute_local_activity_method(
            BookingActivities.advance, work, summary=verbs or due, **ATTEMPT
        )
        # Placed or refused once, the hold is not tried again, even if its slot becomes free.
        self._booking = replace(self._booking, hold=None)
        return done

    def _show(self, state: BookingState) -> None:
        """Shows the state to those who query it and to the Web UI."""
        self.state = state
        _upsert_search_attributes(state)
        details = [f"**{state.status}**, version {state.version}"]
        if state.due_in is not None:
            at = workflow.now() + timedelta(seconds=state.due_in)
            details[0] += f"; {state.due} deadline {at:%Y-%m-%d %H:%M:%S} UTC"
        details += [f"- {step.at} {step.verb} → {step.status}" for step in state.recent]
        workflow.set_current_details("\n".join(details))

    async def _wait_until_due(self, state: BookingState) -> None:
        await _wait(lambda: bool(self._pending), state.due_in, f"{state.due} deadline")

    async def _back_off(self, failures: int, received: int) -> None:
        """Waits 1 s, twice as long after each failure in a row; any message ends it."""
        workflow.logger.warning("the booking waits for the database")
        pause = min(LONGEST_BACK_OFF, 2.0 ** min(failures, 6))
        await _wait(lambda: self._pending.received != received, pause, "database back-off")

    async def _continue_as_new_if_long(self) -> None:
        if workflow.info().is_continue_as_new_suggested() and await self._answered(CARRIED_OVER):
            workflow.continue_as_new(replace(self._booking, todo=self._pending.commands))

    async def _answered(self, limit: int) -> bool:
        """Waits until every answer is out; false when another command waits for an answer first,
        or `limit` commands are pending.
        """
        pending = self._pending
        await workflow.wait_condition(
            lambda: workflow.all_handlers_finished() or pending.awaited or len(pending) >= limit
        )
        return workflow.all_handlers_finished() and len(pending) < limit


def _upsert_search_attributes(state: BookingState) -> None:
    """Updates the search attributes that the workflow was started with, where they differ. Others
    may not be registered, and upserting those would block the workflow.
    """
    if not state.starts_at:  # no row
        return
    starts_at = datetime.fromisoformat(state.starts_at)
    given = workflow.info().typed_search_attributes
    changed: list[SearchAttributeUpdate[Any]] = []
    for key, value in search_attributes(state.status, state.clinic_id, state.dentist_id, starts_at):
        if given.get(key) not in (None, value):
            changed.append(key.value_set(value))
    if changed:
        workflow.upsert_search_attributes(changed)


async def _wait(ready: Callable[[], bool], seconds: float | None, summary: str) -> None:
    """Until `ready`, or until the time is over; at least a moment for what is overdue."""
    pause = None if seconds is None else max(seconds, 0.05)
    with contextlib.suppress(TimeoutError):
        await workflow.wait_condition(ready, timeout=pause, timeout_summary=summary)
