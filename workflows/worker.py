"""Builds the worker of the booking workflow."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.advance import BookingActivities
from workflows import TASK_QUEUE
from workflows.booking import BookingWorkflow

SANDBOX = SandboxedWorkflowRunner(
    # Ours and without a clock, or never run by a workflow. Loaded once, a class stays one class.
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "domain", "activities", "db", "asyncpg"
    )
)


def build_worker(client: Client, activities: BookingActivities, **overrides: Any) -> Worker:
    """A worker of the booking workflow. `overrides` are the SDK's own arguments, for tests."""
    settings: dict[str, Any] = {
        "task_queue": TASK_QUEUE,
        "workflows": [BookingWorkflow],
        "activities": [activities.advance],
        "workflow_runner": SANDBOX,
        # The default polls new workflows with a single poller: outliers of 2 s. Each poller, of
        # either queue, takes a place, and without a free one no start brings its first task.
        "workflow_task_poller_behavior": PollerBehaviorAutoscaling(minimum=4, initial=4, maximum=6),
        "no_remote_activities": True,
        # With the default of 100 a burst of new bookings fills all places, and those that go on
        # time out in the sticky queue: 200 times in 300 bookings, with 20 places hardly ever.
        "max_concurrent_workflow_tasks": 20,
        "max_cached_workflows": 1000,  # 300 KB each; a workflow that is evicted is replayed
        # After a worker's death its workflows wait this long for it.
        "sticky_queue_schedule_to_start_timeout": timedelta(seconds=1),
        "graceful_shutdown_timeout": timedelta(seconds=2),
    }
    return Worker(client, **(settings | overrides))
