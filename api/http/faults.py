"""Faults of single fields, as `errors[]` of a `validation_failed` lists them."""

from typing import Any, Literal, get_args

Fault = dict[str, Any]
"""`field`, `code` (one of CODES), `message`, and for some codes `limit`."""

Code = Literal[
    # the request
    "missing",
    "unknown_field",
    "repeated",
    "null",
    "read_only",
    "empty",
    "unreadable",
    "wrong_type",
    # a value
    "too_short",
    "too_long",
    "too_small",
    "too_large",
    "not_one_of",
    "invalid_character",
    "no_letter",
    "invalid_email",
    "invalid_phone",
    "invalid_language",
    "invalid_zone",
    "invalid_slug",
    "invalid_time",
    "invalid_date",
    "invalid_instant",
    "invalid",
    # among values
    "taken",
    "waits_for_sign_in",
    "unknown",
    "not_bookable",
    "not_for_role",
    "needed_for_role",
    "cannot_change",
    "own_account",
    "last_admin",
    "erased",
    "unreachable",
    "combination",
    # hours
    "overlaps",
    "same_as_start",
    "before_start",
    "before_valid_from",
]
"""A stable name of what is wrong with a field. New ones may come; `invalid` is any other fault."""

CODES: tuple[Code, ...] = get_args(Code)


def fault(field: str, code: Code, message: str, limit: int | None = None) -> Fault:
    """What is wrong with a field: a code for programs, and a message for people."""
    found = {"field": field, "code": code, "message": message}
    return found if limit is None else found | {"limit": limit}
