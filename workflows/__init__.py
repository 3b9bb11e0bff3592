"""How everybody names things in Temporal: ids, the task queue and the search attributes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio.common import SearchAttributeKey, SearchAttributePair

from domain.booking import BookingState

TASK_QUEUE = "bookings"

BOOKING_STATUS = SearchAttributeKey.for_keyword("BookingStatus")
CLINIC_ID = SearchAttributeKey.for_keyword("ClinicId")
DENTIST_ID = SearchAttributeKey.for_keyword("DentistId")
SLOT_START = SearchAttributeKey.for_datetime("SlotStart")

SEARCH_ATTRIBUTES = (BOOKING_STATUS, CLINIC_ID, DENTIST_ID, SLOT_START)
"""To be registered with the namespace before a workflow may be started with them."""


def search_attributes(state: BookingState) -> Iterator[SearchAttributePair[Any]]:
    """What the Web UI finds a booking by."""
    yield SearchAttributePair(BOOKING_STATUS, str(state.status))
    if state.visit:
        yield SearchAttributePair(CLINIC_ID, state.visit.clinic_id)
        yield SearchAttributePair(DENTIST_ID, state.visit.dentist_id)
        yield SearchAttributePair(SLOT_START, datetime.fromisoformat(state.visit.starts_at))


def workflow_id(booking_id: UUID | str) -> str:
    """The id of the workflow that lives a booking."""
    return f"booking-{booking_id}"
