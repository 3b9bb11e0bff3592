"""Messages for validation errors: what is wrong, then what to send."""

import re
from collections.abc import Mapping
from typing import Any

MESSAGES: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "unknown field; see /docs",
    "timezone_aware": "must include a UTC offset, as in 2027-03-08T09:00:00+01:00",
    "model_attributes_type": "must be a JSON object, with Content-Type: application/json",
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


def explained(error: Mapping[str, Any]) -> dict[str, str]:
    """The field and the message for an error of pydantic."""
    named = error.get("ctx", {}).get("named")
    inside = [*error["loc"][1:], *([named] if named else [])]
    where = [str(part) for part in inside or error["loc"][:1]]
    if error["type"] == "json_invalid":
        return {"field": "body", "message": f"is not valid JSON at character {where[0]}"}
    return {"field": ".".join(where), "message": _message(error)}


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
