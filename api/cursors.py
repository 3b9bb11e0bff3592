"""Cursors of lists by start: opaque to callers, (starts_at, id) to us."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

from api.errors import invalid
from domain.appointments import Appointment


def encoded(last: Appointment) -> str:
    return base64.urlsafe_b64encode(f"{last.starts_at.isoformat()}|{last.id}".encode()).decode()


def decoded(cursor: str) -> tuple[datetime, UUID]:
    """The place that `encoded` wrote. Raises `validation_failed` for any other text."""
    try:
        starts_at, _, id = base64.urlsafe_b64decode(cursor).decode().partition("|")
        instant = datetime.fromisoformat(starts_at)
        if instant.tzinfo is None:
            raise ValueError("naive")
        return instant, UUID(id)
    except (ValueError, binascii.Error):
        raise invalid("cursor", "not a cursor of this list") from None
