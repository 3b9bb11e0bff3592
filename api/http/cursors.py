"""Pagination cursors: the last row's sort key, opaque to callers."""

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import TypeAdapter

from api.bookings.requests import Instant
from api.http.errors import invalid
from domain.appointments import Appointment
from domain.people import Profile

INSTANT = TypeAdapter[datetime](Instant)

PageCursor = Annotated[
    str | None,
    Query(
        max_length=1200,
        description="The `next_cursor` of the page before.",
        json_schema_extra={"format": "cursor"},
    ),
]


def encoded(last: Appointment) -> str:
    """Of a list by start."""
    return packed(last.starts_at.isoformat(), last.id)


def decoded(cursor: str) -> tuple[datetime, UUID]:
    """The place that `encoded` wrote. Raises `validation_failed` for any other text."""
    starts_at, id = _unpacked(cursor)
    try:
        return INSTANT.validate_python(starts_at), id
    except ValueError:
        raise _no_cursor() from None


def named(last: Profile) -> str:
    """Of a list by name."""
    return packed(last.full_name, last.id)


def name_of(cursor: str) -> tuple[str, UUID]:
    """The place that `named` wrote. Raises `validation_failed` for any other text."""
    return _unpacked(cursor)


def packed(key: str, id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{key}|{id}".encode()).decode()


def _unpacked(cursor: str) -> tuple[str, UUID]:
    try:
        key, _, id = base64.urlsafe_b64decode(cursor).decode().rpartition("|")
        if "\x00" in key:
            raise ValueError("NUL")
        return key, UUID(id)
    except (ValueError, binascii.Error):
        raise _no_cursor() from None


def _no_cursor() -> Exception:
    return invalid("cursor", "is not a cursor of this list; send next_cursor of the previous page")
