"""Webhooks: sends events to the backends of agents and admins."""

from uuid import UUID

TASK_QUEUE = "webhooks"
"""Beside that of the bookings, so that a slow receiver does not delay them."""

WORKFLOW = "WebhookWorkflow"
ACTIVITY = "deliver_webhooks"


def workflow_id(endpoint_id: UUID) -> str:
    """The id of an endpoint's workflow."""
    return f"webhook-{endpoint_id}"
