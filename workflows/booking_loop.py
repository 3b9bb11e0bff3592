"""The loop of a booking's workflow: carries out the received commands, reads the booking's state,
and waits for the next message or deadline.

Each round is one call of the activity `advance` (activities/advance.py), which carries out the
commands, acts on deadlines that have passed, and returns the row's state. So it does not matter
where a round starts: whether a message came twice, or a worker died in between, the next round
reads the row and continues from there. All messages are treated alike: a command that the API has
already carried out is a repeat to the database, and changes nothing.
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
from domain.messages import AdvanceInput, AdvanceResult, BookingInput, BookingState
from workflows import search_attributes
from workflows.pending import PendingCommand, PendingCommands, answer

BATCH = 100
"""Maximum number of commands in one activity call."""

CARRIED_OVER = 1000
"""Maximum number of pending commands carried over continue-as-new."""

LONGEST_BACK_OFF = 10.0
"""Longest pause in seconds between two attempts while the database is unavailable."""


class _Attempt(TypedDict):
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


ATTEMPT = _Attempt(
    # Few and short attempts, because signals and updates wait meanwhile.
    start_to_close_timeout=timedelta(seconds=2),
    schedule_to_close_timeout=timedelta(seconds=3),
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=2),
)


class BookingLoop:
    """One workflow run of a booking. `state` is the state read last; the row may be newer."""

    def __init__(self, booking: BookingInput, pending: PendingCommands) -> None:
        self._booking = booking
        self._pending = pending
        self.state: BookingState | None = None

    async def run(self) -> BookingState:
        """Returns once no deadline is left and every update has been answered. Retries for ever
        while the database is unavailable.
        """
        failures = 0
        while True:
            batch, received = self._pending.take(BATCH), self._pending.received
            try:
                result = await self._advance(batch)
            except FailureError:  # time-outs and errors of the activity
                self._pending.put_back(batch)
                await self._continue_as_new_if_long()
                await self._back_off(failures, received)
                failures += 1
                continue

            failures = 0
            self._publish(result.state)
            answer(batch, result)
            await self._continue_as_new_if_long()
            if self._pending:
                continue
            if result.state.over and await self._all_answered(limit=1):
                return result.state
            await self._wait_until_due(result.state)

    async def _advance(self, batch: list[PendingCommand]) -> AdvanceResult:
        """Calls the activity. Calls never overlap: replay could not order two local activities."""
        commands = [pending.command for pending in batch]
        verbs = ", ".join(dict.fromkeys(command.verb for command in commands))
        due = f"{self.state.due} deadline" if self.state and self.state.due else "first read"
        work = AdvanceInput(replace(self._booking, todo=[]), commands)
        result = await workflow.execute_local_activity_method(
            BookingActivities.advance, work, summary=verbs or due, **ATTEMPT
        )
        # A hold requested through Temporal is tried once: it is not tried again when its slot
        # becomes free.
        self._booking = replace(self._booking, hold=None)
        return result

    def _publish(self, state: BookingState) -> None:
        """Publishes the state: to queries, search attributes and the Web UI's current details."""
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
        """Waits 1 s, doubled after each failure in a row; any message ends the wait."""
        pause = min(LONGEST_BACK_OFF, 2.0 ** min(failures, 6))
        await _wait(lambda: self._pending.received != received, pause, "database back-off")

    async def _continue_as_new_if_long(self) -> None:
        if workflow.info().is_continue_as_new_suggested() and await self._all_answered(
            limit=CARRIED_OVER
        ):
            workflow.continue_as_new(replace(self._booking, todo=self._pending.commands))

    async def _all_answered(self, limit: int) -> bool:
        """Waits until the callers of all updates have their answers. False if there is more to do
        first: another update has arrived, or `limit` commands are pending.
        """
        pending = self._pending
        await workflow.wait_condition(
            lambda: workflow.all_handlers_finished() or pending.awaited or len(pending) >= limit
        )
        return workflow.all_handlers_finished() and len(pending) < limit


def _upsert_search_attributes(state: BookingState) -> None:
    """Updates those search attributes that the workflow was started with. Others may not be
    registered, and upserting an unregistered one would block the workflow.
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
    """Waits until `ready` or for `seconds`; at least 50 ms, so that an overdue deadline does not
    spin.
    """
    pause = None if seconds is None else max(seconds, 0.05)
    with contextlib.suppress(TimeoutError):
        await workflow.wait_condition(ready, timeout=pause, timeout_summary=summary)
