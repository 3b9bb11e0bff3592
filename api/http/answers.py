"""Helpers for routes of editable rows: existence, version, ETag and constraint errors."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

import asyncpg
from fastapi import Response

from api.http.errors import Problem, invalid, not_found
from api.http.faults import Code
from db import erasures
from domain.appointments import Texts

T = TypeVar("T")


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=Versioned)


def existing(row: T | None) -> T:
    """The row. Raises `not_found` if there is none."""
    if row is None:
        raise not_found()
    return row


def one(rows: Sequence[T]) -> T:
    """The only row of a list. Raises `not_found` if it is empty."""
    return existing(rows[0] if rows else None)


def etag(response: Response, row: V) -> V:
    """The row, with its version as the answer's ETag."""
    response.headers["ETag"] = f'"{row.version}"'
    return row


def check_version(versions: frozenset[int] | None, present: int) -> None:
    """Raises `version_conflict` unless the present version is one of `versions`; null accepts any.
    To be called while the row is locked.
    """
    if versions is not None and present not in versions:
        raise Problem(
            "version_conflict",
            "It has changed since the version in If-Match; load it again.",
            version=present,
        )


@contextmanager
def naming(*, taken: str, why: str = "is taken", code: Code = "taken") -> Iterator[None]:
    """Turns a violated constraint into a `validation_failed` that names the field. `taken` is the
    field that must be unique.
    """
    try:
        yield
    except asyncpg.UniqueViolationError:
        raise invalid(taken, why, code) from None
    except asyncpg.ForeignKeyViolationError:
        raise invalid("clinic_id", "unknown clinic; see GET /api/clinics", "unknown") from None


@contextmanager
def refusing_text(texts: Texts) -> Iterator[None]:
    """Turns the database's refusal of text about an erased patient into a `validation_failed` that
    names the field of the request.
    """
    try:
        yield
    except asyncpg.PostgresError as error:
        if error.sqlstate != erasures.TEXT_OF_ERASED:
            raise
        why = "this patient is erased and texts about them are refused; leave it out"
        named = next((name for name, text in texts.items() if text), "notes")
        raise invalid("note" if named == "cancel_note" else named, why, "erased") from None
