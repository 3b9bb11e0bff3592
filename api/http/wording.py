"""Messages for validation errors: what is wrong, then what to send."""

import re
from collections.abc import Mapping
from typing import Any

from api.http.faults import CODES, Code, Fault, fault

MESSAGES: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "unknown field; see /docs",
    "timezone_aware": "must include a UTC offset, as in 2027-03-08T09:00:00+01:00",
    "model_attributes_type": "must be a JSON object, with Content-Type: application/json",
    "model_type": "must be a JSON object",
    "string_type": "must be a string",
    "string_unicode": "contains an unpaired surrogate; remove it",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} {entries}",
    "too_long": "must have at most {max_length} {entries}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "has too many digits; send a smaller number",
    "finite_number": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "uuid_type": "must be a UUID, as in 01a20727-4a5e-7000-8000-000000000001",
    "uuid_parsing": "must be a UUID, as in 01a20727-4a5e-7000-8000-000000000001",
    "list_type": "must be a list",
    "date_from_datetime_parsing": "must be a valid calendar date",
    "datetime_from_date_parsing": "must be a date and time, as in 2027-03-08T09:00:00+01:00",
    "datetime_parsing": "must be a date and time, as in 2027-03-08T09:00:00+01:00",
}
"""Messages that replace the validator's own, by error type."""

PATTERN_MESSAGES: Mapping[str, str] = {
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$": "must be 1 to 64 letters, digits, - or _, as in checkup",
    r"^[+(]*( *[0-9][ ()/.-]*){3,17}$": "must be a phone number of 3 to 17 digits, as in 030 1234",
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$": "must be a language tag, as in de or de-AT",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "must be a time from 00:00 to 23:59, as in 08:30",
}
"""Messages for fields with a pattern."""


TYPES: Mapping[str, Code] = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "timezone_aware": "invalid_instant",
    "model_attributes_type": "wrong_type",
    "model_type": "wrong_type",
    "string_type": "wrong_type",
    "string_unicode": "invalid_character",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "too_short": "too_short",
    "too_long": "too_long",
    "int_type": "wrong_type",
    "int_parsing": "wrong_type",
    "int_from_float": "wrong_type",
    "int_parsing_size": "too_large",
    "finite_number": "wrong_type",
    "bool_type": "wrong_type",
    "bool_parsing": "wrong_type",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_large",
    "uuid_type": "wrong_type",
    "uuid_parsing": "wrong_type",
    "list_type": "wrong_type",
    "date_from_datetime_parsing": "invalid_date",
    "date_parsing": "invalid_date",
    "datetime_from_date_parsing": "invalid_instant",
    "datetime_parsing": "invalid_instant",
    "enum": "not_one_of",
    "literal_error": "not_one_of",
}
"""The code of a fault, by the validator's error type. Our own error types are codes themselves."""

PATTERN_CODES: Mapping[str, Code] = dict(
    zip(
        PATTERN_MESSAGES,
        ("invalid_slug", "invalid_phone", "invalid_language", "invalid_time"),
        strict=True,
    )
)

LIMITS = ("min_length", "max_length", "ge", "le")
"""Where the validator says which limit was passed."""


def explained(error: Mapping[str, Any]) -> Fault:
    """The fault that an error of pydantic stands for."""
    named = error.get("ctx", {}).get("named")
    inside = [*error["loc"][1:], *([named] if named else [])]
    where = [str(part) for part in inside or error["loc"][:1]]
    if error["type"] == "json_invalid":
        return fault("body", "unreadable", f"is not valid JSON at character {where[0]}")
    return fault(".".join(where), _code(error), _message(error), _limit(error))


def _code(error: Mapping[str, Any]) -> Code:
    type, context = error["type"], error.get("ctx", {})
    if type == "string_pattern_mismatch":
        return PATTERN_CODES[context["pattern"]]
    if type in TYPES:
        return TYPES[type]
    return next((code for code in CODES if code == type), "invalid")


def _limit(error: Mapping[str, Any]) -> int | None:
    context = error.get("ctx", {})
    found = [context[name] for name in LIMITS if isinstance(context.get(name), int)]
    return found[0] if found else None


def _message(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    if error["type"] in ("enum", "literal_error"):
        return f"must be one of {_choices(context['expected'])}"
    entries = "entries" if context.get("field_type") == "List" else "characters"
    if error["type"] == "string_pattern_mismatch":
        return PATTERN_MESSAGES[context["pattern"]]
    own = MESSAGES.get(error["type"])
    if own is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return own.format(**{"entries": entries} | context)


def _choices(expected: str) -> str:
    """Of `'a', <Role.B: 'b'> or 'c'`: a, b, c."""
    return ", ".join(re.findall(r"'([^']*)'", expected))
