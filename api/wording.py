"""What is wrong with an input, in plain words: what the validator found, and what to write."""

import re
from collections.abc import Mapping
from typing import Any

SAID: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is no field here; /docs has those there are",
    "timezone_aware": "needs its offset, as in 2027-03-08T09:00:00+01:00",
    "model_attributes_type": "must be a JSON object, with Content-Type: application/json",
    "string_type": "must be a text",
    "string_unicode": "has half of a surrogate pair, which is no character; leave it out",
    "string_too_short": "must have {min_length} characters at least",
    "string_too_long": "must have {max_length} characters at most",
    "too_short": "must have {min_length} {entries} at least",
    "too_long": "must have {max_length} {entries} at most",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "has too many digits; write a smaller number",
    "finite_number": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "uuid_type": "must be a UUID, as in 01a20727-4a5e-7000-8000-000000000001",
    "uuid_parsing": "must be a UUID, as in 01a20727-4a5e-7000-8000-000000000001",
    "list_type": "must be a list",
    "date_from_datetime_parsing": "is no date of the calendar",
    "datetime_from_date_parsing": "is no date and time; write it as in 2027-03-08T09:00:00+01:00",
    "datetime_parsing": "is no date and time; write it as in 2027-03-08T09:00:00+01:00",
    "string_pattern_mismatch": "must match the pattern {pattern}",
}
"""In our words: what the validator's own do not help with, by its type of error."""


def explained(error: Mapping[str, Any]) -> dict[str, str]:
    """Where and what is wrong, in words for whoever sent it."""
    named = error.get("ctx", {}).get("named")
    inside = [*error["loc"][1:], *([named] if named else [])]
    where = [str(part) for part in inside or error["loc"][:1]]
    if error["type"] == "json_invalid":
        return {"field": "body", "message": f"is no JSON at character {where[0]}"}
    return {"field": ".".join(where), "message": _message(error)}


def _message(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    if error["type"] in ("enum", "literal_error"):
        return f"must be one of {_choices(context['expected'])}"
    entries = "entries" if context.get("field_type") == "List" else "characters"
    own = SAID.get(error["type"])
    if own is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return own.format(**{"entries": entries} | context)


def _choices(expected: str) -> str:
    """Of `'a', <Role.B: 'b'> or 'c'`: a, b, c."""
    return ", ".join(re.findall(r"'([^']*)'", expected))
