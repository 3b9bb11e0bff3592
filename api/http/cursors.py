"""Pagination cursors: the last row's sort key, opaque to callers."""

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import TypeAdapter

from api.http.errors import invalid
from api.http.values import Instant

INSTANT = TypeAdapter[datetime](Instant)

PageCursor = Annotated[
    str | None,
    Query(
        max_length=1200,
        description="The `next_cursor` of the page before.",
        json_schema_extra={"format": "cursor"},
    ),
]


def encode(key: str, id: UUID) -> str:
    """The cursor after a row with this sort key and id."""
    return base64.urlsafe_b64encode(f"{key}|{id}".encode()).decode()


def decode(cursor: str) -> tuple[str, UUID]:
    """The sort key and the id. Raises `validation_failed` for what `encode` did not write."""
    try:
        key, _, id = base64.urlsafe_b64decode(cursor).decode().rpartition("|")
        if "\x00" in key:
            raise ValueError("NUL")
        return key, UUID(id)
    except (ValueError, binascii.Error):
        raise _no_cursor() from None


def decode_instant(cursor: str) -> tuple[datetime, UUID]:
    """The same where the sort key is a time."""
    key, id = decode(cursor)
    try:
        return INSTANT.validate_python(key), id
    except ValueError:
        raise _no_cursor() from None


def _no_cursor() -> Exception:
    return invalid("cursor", "is not a cursor of this list; send next_cursor of the previous page")
