"""Temporal's Web UI as a list of bookings: where it is, and what makes it useful."""

import os
from urllib.parse import quote

from embedded.record import TemporalServer
from embedded.temporal import NAMESPACE
from workflows import BOOKING_STATUS, DENTIST_ID, SLOT_START, workflow_id

ALL = 'WorkflowType="BookingWorkflow"'
BOOKED = f'{BOOKING_STATUS.name}="booked"'
"""Queries for the list."""

COLUMNS = ", ".join(key.name for key in (BOOKING_STATUS, DENTIST_ID, SLOT_START))
"""The list shows these once they are added to its columns, which each browser remembers."""


def bookings(temporal: TemporalServer, query: str) -> str:
    """The address of the list; without a known Web UI the query for it."""
    if temporal.ui_url is None:
        return f"{query} in the Web UI of {temporal.address}"
    return f"{_workflows(temporal)}?query={quote(query)}"


def booking(temporal: TemporalServer, id: str) -> str:
    """The address of one booking's history; without a known Web UI its workflow's id."""
    workflow = workflow_id(id)
    return workflow if temporal.ui_url is None else f"{_workflows(temporal)}/{workflow}"


def _workflows(temporal: TemporalServer) -> str:
    namespace = os.environ.get("TEMPORAL_NAMESPACE", NAMESPACE)
    return f"{temporal.ui_url}/namespaces/{namespace}/workflows"
