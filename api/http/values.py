"""Types of the values in bodies, queries and paths: instants, dates, numbers, names of zones."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from domain import zones
from domain.schedules import PLAUSIBLE_YEARS

LARGEST_INT = 2**31 - 1
MOST_MINUTES = 366 * 24 * 60

LOST_PLUS = re.compile(r":[0-9]{2}(\.[0-9]+)? [0-9]{2}(:?[0-9]{2})?$")
"""The end of a time whose + became a space when the query was decoded."""


def _json_number(value: object) -> object:
    """Refuses true and "7", which pydantic would convert to integers."""
    if isinstance(value, bool | str):
        raise PydanticCustomError("wrong_type", "must be a whole number")
    return value


def _digits(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch("-?[0-9]+", value):
        raise PydanticCustomError("wrong_type", "must be a whole number")
    return value


def _date(value: object) -> object:
    """Refuses numbers and instants, which pydantic would convert to dates: the day of an instant
    depends on the time zone.
    """
    if isinstance(value, str):
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise PydanticCustomError("invalid_date", "must be a date, as in 2027-03-08")
    elif not isinstance(value, date) or isinstance(value, datetime):
        raise PydanticCustomError("invalid_date", "must be a date, as in 2027-03-08")
    return value


def _date_time(value: object) -> object:
    """Refuses numbers, which pydantic would take for seconds since 1970."""
    if isinstance(value, str) and LOST_PLUS.search(value):
        raise PydanticCustomError(
            "invalid_instant", "has a space before its offset; in a URL, encode + as %2B"
        )
    if not isinstance(value, datetime | str) or (isinstance(value, str) and value[4:5] != "-"):
        raise PydanticCustomError(
            "invalid_instant", "must be a date and time, as in 2027-03-08T09:00:00+01:00"
        )
    return value


def _plausible(instant: datetime) -> datetime:
    if instant.year not in PLAUSIBLE_YEARS:
        raise PydanticCustomError("invalid_instant", "must be between the years 2000 and 2200")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_plausible), BeforeValidator(_date_time)]
"""A time with its offset; a naive one is refused."""

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 12, 31)), BeforeValidator(_date)]
"""A calendar day of the clinic."""

Number = BeforeValidator(_json_number)
"""For a whole number in a body."""

Digits = BeforeValidator(_digits)
"""For a whole number in a path or query. Refuses `1_0`, `+1` and `1.0`."""

Slug = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


def _split(given: object) -> object:
    if not isinstance(given, list):
        return given
    return [part for each in given for part in str(each).split(",")]


Listed = BeforeValidator(_split)
"""For a list in a query: repeated parameters, or values separated by commas."""


def _iana(name: str) -> str:
    try:
        return zones.named(name).key
    except ValueError as error:
        raise PydanticCustomError("invalid_zone", str(error)) from None


ZoneName = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_iana),
    Field(json_schema_extra={"format": "time-zone"}),
]
Locale = Annotated[
    str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")
]
Minutes = Annotated[int, Field(ge=0, le=MOST_MINUTES), Number]
