"""Builds the worker of the booking workflow."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker

from activities.advance import BookingActivities
from workflows import TASK_QUEUE
from workflows.booking import BookingWorkflow


def build_worker(client: Client, activities: BookingActivities, **overrides: Any) -> Worker:
    """A worker of the booking workflow. `overrides` are arguments of the SDK's
    Worker, for tests.
    """
    settings: dict[str, Any] = {
        "task_queue": TASK_QUEUE,
        "workflows": [BookingWorkflow],
        "activities": [activities.advance],
        # The tests replay every recorded history in the sandbox. Here it would double or triple
        # the CPU per workflow (replay: 8 ms without, 18 ms with it), and leave its modules' copies
        # to the garbage collector.
        "workflow_runner": UnsandboxedWorkflowRunner(),
        # By default a single poller polls for new workflows, with outliers of 2 s.
        "workflow_task_poller_behavior": PollerBehaviorAutoscaling(minimum=4, initial=4, maximum=6),
        "no_remote_activities": True,
        "max_cached_workflows": 1000,  # 300 KB each; an evicted workflow is replayed
        # After a worker dies, its workflows wait this long before another worker takes over.
        "sticky_queue_schedule_to_start_timeout": timedelta(seconds=1),
        "graceful_shutdown_timeout": timedelta(seconds=2),
    }
    return Worker(client, **(settings | overrides))
