"""Builds the worker of the webhooks' workflow."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from webhooks import TASK_QUEUE
from webhooks.activities import WebhookActivities
from webhooks.workflow import WebhookWorkflow

MOST_ENDPOINTS = 50
"""Endpoints that one worker delivers to at a time."""


def build_worker(client: Client, activities: WebhookActivities, **overrides: Any) -> Worker:
    """`overrides` are arguments of the SDK's Worker."""
    settings: dict[str, Any] = {
        "task_queue": TASK_QUEUE,
        "workflows": [WebhookWorkflow],
        "activities": [activities.deliver],
        "workflow_runner": UnsandboxedWorkflowRunner(),
        "max_concurrent_activities": MOST_ENDPOINTS,
        "sticky_queue_schedule_to_start_timeout": timedelta(seconds=1),
        "graceful_shutdown_timeout": timedelta(seconds=2),
    }
    return Worker(client, **(settings | overrides))
