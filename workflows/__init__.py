"""Names in Temporal: workflow ids, the task queue and the search attributes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio.common import SearchAttributeKey, SearchAttributePair

TASK_QUEUE = "bookings"

BOOKING_STATUS = SearchAttributeKey.for_keyword("BookingStatus")
CLINIC_ID = SearchAttributeKey.for_keyword("ClinicId")
DENTIST_ID = SearchAttributeKey.for_keyword("DentistId")
SLOT_START = SearchAttributeKey.for_datetime("SlotStart")

SEARCH_ATTRIBUTES = (BOOKING_STATUS, CLINIC_ID, DENTIST_ID, SLOT_START)
"""Must be registered with the namespace before workflows are started with them."""


def search_attributes(
    status: str, clinic_id: UUID | str, dentist_id: UUID | str, starts_at: datetime
) -> list[SearchAttributePair[Any]]:
    """The search attributes of a booking, for queries in the Web UI."""
    return [
        SearchAttributePair(BOOKING_STATUS, str(status)),
        SearchAttributePair(CLINIC_ID, str(clinic_id)),
        SearchAttributePair(DENTIST_ID, str(dentist_id)),
        SearchAttributePair(SLOT_START, starts_at),
    ]


def workflow_id(booking_id: UUID | str) -> str:
    """The id of a booking's workflow."""
    return f"booking-{booking_id}"


def booking_id(workflow_id: str) -> UUID | None:
    """The booking of a workflow; null if it is not the id of a booking's workflow."""
    prefix, _, id = workflow_id.partition("-")
    try:
        return UUID(id) if prefix == "booking" else None
    except ValueError:
        return None
