"""What each log line of a request, message or activity says beside its text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_fields: ContextVar[dict[str, str] | None] = ContextVar("log_fields", default=None)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What a caller may send as X-Request-ID; everything else is replaced, and not logged."""

NOTHING: Mapping[str, str] = MappingProxyType({})


@contextmanager
def log_context(**fields: str) -> Iterator[dict[str, str]]:
    """Adds these fields to each line that is logged in the block, in place of those outside."""
    reset = _fields.set(fields)
    try:
        yield fields
    finally:
        _fields.reset(reset)


def add_to_log(**fields: str) -> None:
    """Adds fields to all further lines of the block; does nothing outside of one."""
    current = _fields.get()
    if current is not None:
        current.update(fields)


def log_fields() -> Mapping[str, str]:
    """The fields of the present block."""
    return _fields.get() or NOTHING


def one_request_id(given: Iterable[str | None]) -> dict[str, str]:
    """The field for the last valid one of these request ids; empty if there is none."""
    valid = [id for id in given if id and REQUEST_ID.fullmatch(id)]
    return {"request_id": valid[-1]} if valid else {}
