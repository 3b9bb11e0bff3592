"""Builds the worker of the booking workflow."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import (
    PollerBehaviorAutoscaling,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkerDeploymentConfig,
)

from activities.advance import BookingActivities
from workflows import TASK_QUEUE
from workflows.booking import BookingWorkflow

DEPLOYMENT = "chairtime"
"""The name of the deployment in Temporal, which all workers' versions belong to."""


def deployment(build_id: str, name: str = DEPLOYMENT) -> WorkerDeploymentConfig:
    """Makes a worker one of a version. It gets work once an operator has made that version the
    current one (docs/operations.md). Running bookings move to the current version with their next
    task, as they live for months: workflow code must replay what earlier versions wrote.
    """
    version = WorkerDeploymentVersion(deployment_name=name, build_id=build_id)
    return WorkerDeploymentConfig(
        version=version,
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


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
