"""Links to bookings in Temporal's Web UI."""

import os
from urllib.parse import quote

from embedded.dev_state import TemporalServer
from embedded.temporal import NAMESPACE
from workflows import BOOKING_STATUS, DENTIST_ID, SLOT_START, workflow_id

ALL = 'WorkflowType="BookingWorkflow"'
BOOKED = f'{BOOKING_STATUS.name}="booked"'
"""Queries for the list."""

COLUMNS = ", ".join(key.name for key in (BOOKING_STATUS, DENTIST_ID, SLOT_START))
"""Add these to the columns of the list; the browser remembers them."""


def bookings(temporal: TemporalServer, query: str) -> str:
    """The URL of the list; if the Web UI's address is unknown, the query to enter there."""
    if temporal.ui_url is None:
        return f"{query} in the Web UI of {temporal.address}"
    return f"{_workflows(temporal)}?query={quote(query)}"


def booking(temporal: TemporalServer, id: str) -> str:
    """The URL of one booking's history; if the Web UI's address is unknown, its workflow id."""
    workflow = workflow_id(id)
    return workflow if temporal.ui_url is None else f"{_workflows(temporal)}/{workflow}"


def _workflows(temporal: TemporalServer) -> str:
    namespace = os.environ.get("TEMPORAL_NAMESPACE", NAMESPACE)
    return f"{temporal.ui_url}/namespaces/{namespace}/workflows"
