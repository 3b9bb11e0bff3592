"""Types of texts: normalised (NFC), and without invisible characters."""

import unicodedata
from collections.abc import Collection
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u2800\u3164\uffa0")
"""Invisible characters and line ends, in addition to Unicode category Cf."""

NEEDED_BY_SCRIPTS = frozenset(
    "\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"
    "\U000110bd\U000110cd"
)
"""Characters of category Cf that some scripts need: ZWJ, ZWNJ, and marks before numbers."""

LINES = frozenset("\n\r\t")


def normalised(text: object) -> object:
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text


def no_controls(text: str) -> str:
    """Allows line ends and tabs, but no other control characters."""
    return _refuse(text, {c for c in text if unicodedata.category(c) == "Cc"} - LINES)


def one_line(given: object) -> object:
    """Normalises a text, and refuses control and invisible characters, also at its ends."""
    if not isinstance(given, str):
        return given
    text = unicodedata.normalize("NFC", given)
    invisible = {c for c in text if unicodedata.category(c) in ("Cc", "Cf")} - NEEDED_BY_SCRIPTS
    return _refuse(text, invisible | INVISIBLE.intersection(text))


def _blank_as_none(given: object) -> object:
    blank = isinstance(given, str) and all(_is_blank(c) for c in given)
    return None if blank else given


def _is_blank(character: str) -> bool:
    space = character in LINES or character in INVISIBLE
    return space or unicodedata.category(character) in ("Zs", "Cf")


def visible(text: str) -> str:
    if not any(unicodedata.category(c)[0] in "LNPS" for c in text):
        raise PydanticCustomError("no_letter", "must contain a letter or a digit")
    return text


def _refuse(text: str, found: Collection[str]) -> str:
    if found:
        code = f"U+{ord(min(found)):04X}"
        raise PydanticCustomError(
            "invalid_character",
            "contains a control, bidi or invisible character; remove {code}",
            {"code": code},
        )
    return text


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise PydanticCustomError(
            "invalid_email", "is not a valid e-mail address: {why}", {"why": str(error)}
        ) from None


Text = Annotated[
    str,
    BeforeValidator(normalised),
    StringConstraints(max_length=2000),
    AfterValidator(no_controls),
]
"""A text of several lines."""

Line = Annotated[str, BeforeValidator(one_line)]

BLANK_AS_NONE = BeforeValidator(_blank_as_none)

Note = Annotated[Text | None, BLANK_AS_NONE]
"""Free text that can be empty: null, "" and a blank text all empty it."""

Remark = Annotated[Annotated[Line, Field(max_length=200)] | None, BLANK_AS_NONE]
"""Free text of one line that can be empty."""

Name = Annotated[
    str,
    BeforeValidator(one_line),
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(visible),
]
Email = Annotated[
    str,
    BeforeValidator(normalised),
    StringConstraints(max_length=254),
    AfterValidator(_email),
    Field(json_schema_extra={"format": "email"}),
]
Phone = Annotated[str, StringConstraints(max_length=40, pattern=r"^[+(]*( *[0-9][ ()/.-]*){3,17}$")]
