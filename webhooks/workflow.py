"""The workflow of one webhook endpoint: delivers what is due, and waits for more.

Postgres has the queue. The workflow only says when to look at it, so it can start anywhere and
repeat a step: what an activity has delivered but not noted is sent once more, under the same id.
"""

import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from webhooks import ACTIVITY

IDLE = timedelta(minutes=1)
"""How long a workflow without work waits for more before it ends. A signal starts it again."""

RUN_TIMEOUT = timedelta(seconds=60)
"""Longer than an activity runs (`activities.RUNS_FOR`, then one attempt)."""

HEARTBEAT_TIMEOUT = timedelta(seconds=5)
"""After it, an activity whose worker died is given to another one."""


@workflow.defn
class WebhookWorkflow:
    def __init__(self) -> None:
        self._woken = False

    @workflow.run
    async def run(self, endpoint_id: str) -> None:
        """Returns once nothing is due and nothing came for IDLE."""
        while True:
            self._woken = False
            due_in = await self._deliver(endpoint_id)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(endpoint_id)
            if not await self._wait(due_in) and due_in is None:
                return

    @workflow.signal
    def wake(self) -> None:
        """Look at the queue."""
        self._woken = True

    async def _deliver(self, endpoint_id: str) -> float | None:
        """Delivers what is due. Seconds until more is due; null if nothing waits. Retries for ever
        while the database is unavailable.
        """
        due_in: float | None = await workflow.execute_activity(
            ACTIVITY,
            endpoint_id,
            result_type=float | None,  # type: ignore[arg-type]  # a union is not a `type`
            start_to_close_timeout=RUN_TIMEOUT,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10)
            ),
        )
        return due_in

    async def _wait(self, due_in: float | None) -> bool:
        """Waits for a signal, or until more is due. Whether a signal came."""
        pause = IDLE if due_in is None else timedelta(seconds=max(due_in, 0.05))
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._woken,
                timeout=pause,
                timeout_summary="idle" if due_in is None else "next attempt",
            )
        return self._woken
