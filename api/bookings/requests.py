"""What comes in: bodies, checked for shape only. Whether it may be done is decided elsewhere."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from api.http.read_only import Repeating
from api.http.texts import Note
from domain.appointments import Appointment, Texts
from domain.booking import CancelReason
from domain.schedules import PLAUSIBLE_YEARS

LOST_PLUS = re.compile(r":[0-9]{2}(\.[0-9]+)? [0-9]{2}(:?[0-9]{2})?$")
"""The end of a time whose + was read as a space, as it is in a query."""


def _number(value: object) -> object:
    """A document says integer: neither true nor "7" is one."""
    if isinstance(value, bool | str):
        raise ValueError("must be a whole number")
    return value


def _digits(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch("-?[0-9]+", value):
        raise ValueError("must be a whole number")
    return value


def _date(value: object) -> object:
    """A document says date: neither a number nor an instant, which is of one day here and of
    another there.
    """
    if isinstance(value, str):
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise ValueError("must be a date, as in 2027-03-08")
    elif not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("must be a date, as in 2027-03-08")
    return value


def _written(value: object) -> object:
    """A document says date-time: numbers are none, whatever they may count."""
    if isinstance(value, str) and LOST_PLUS.search(value):
        raise ValueError("has a space before its offset; in a URL, encode + as %2B")
    if not isinstance(value, datetime | str) or (isinstance(value, str) and value[4:5] != "-"):
        raise ValueError("must be a date and time, as in 2027-03-08T09:00:00+01:00")
    return value


def _plausible(instant: datetime) -> datetime:
    if instant.year not in PLAUSIBLE_YEARS:
        raise ValueError("must be between the years 2000 and 2200")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_plausible), BeforeValidator(_written)]
"""A time with its offset; a naive one is refused."""

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 12, 31)), BeforeValidator(_date)]
"""A calendar day of the clinic."""

Number = BeforeValidator(_number)

Digits = BeforeValidator(_digits)
"""A whole number of a path or query, written as such: `1_0`, `+1` and `1.0` are none."""

Slug = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]

START = AliasChoices("starts_at", "appointment_date")
START_TOO = "With a UTC offset. `appointment_date` is accepted as an alias."


def _split(given: object) -> object:
    """A list in a query can be repeated, or written with commas."""
    if not isinstance(given, list):
        return given
    return [part for each in given for part in str(each).split(",")]


Listed = BeforeValidator(_split)


Override = Annotated[
    StrictBool, Field(description="Staff: book outside the hours and off the grid.")
]


def _emptied(value: object) -> object:
    return None if value == "" else value


def _or_empty(schema: dict[str, Any]) -> None:
    schema["anyOf"].append({"type": "string", "const": ""})


EMPTIED = BeforeValidator(_emptied)
"""For a text that can be empty: an empty one is none."""

MAY_BE_EMPTY = Field(json_schema_extra=_or_empty)
"""Beside EMPTIED, where the pattern of the text would not say that it may be empty."""


def tell_what_can_be_null(schema: dict[str, Any], body: type[BaseModel]) -> None:
    """Says in the document where null is refused: wherever it empties nothing."""
    for name, field in schema["properties"].items():
        if name not in getattr(body, "CAN_BE_EMPTY", ()) and "anyOf" in field:
            given = [each for each in field.pop("anyOf") if each != {"type": "null"}]
            field |= given[0] if len(given) == 1 else {"anyOf": given}
            field.pop("default", None)


class Body(BaseModel):
    """Absent and null are told apart: null empties a field that can be empty, and is refused
    elsewhere.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=tell_what_can_be_null)

    @model_validator(mode="after")
    def _no_null(self) -> Self:
        for name in sorted(self.model_fields_set - self.CAN_BE_EMPTY):
            if getattr(self, name) is None:
                raise PydanticCustomError("null", "cannot be null; leave it out", {"named": name})
        return self


class Reserve(Body):
    """Hold a slot. `patient_id` is the caller's own where a patient calls, and needed otherwise."""

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"notes"})

    dentist_id: UUID
    starts_at: Instant = Field(validation_alias=START, description=START_TOO)
    appointment_type: Slug
    patient_id: UUID | None = None
    notes: Note = None
    override: Override = False


class Create(Body):
    """Book at once, or confirm the hold `reservation_id`: place and patient that differ from that
    hold are refused, `notes` are written.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"notes"})

    reservation_id: UUID | None = None
    dentist_id: UUID | None = None
    starts_at: Instant | None = Field(None, validation_alias=START, description=START_TOO)
    appointment_type: Slug | None = None
    patient_id: UUID | None = None
    notes: Note = None
    override: Override = False


class Confirm(Body):
    """What to write with the confirmation."""

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"notes"})

    notes: Note = None


def tell_of_an_edit(schema: dict[str, Any], body: type[BaseModel]) -> None:
    schema["minProperties"] = 1
    tell_what_can_be_null(schema, body)


class Update(Repeating, Body):
    """What to change; absent fields stay as they are, null or a blank text empties one. Only staff
    write and read `staff_notes`.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"notes", "staff_notes"})
    SHAPE = Appointment
    PASSING = frozenset({"server_time", "expires_in_seconds", "hold_token"})
    model_config = ConfigDict(json_schema_extra=tell_of_an_edit)

    starts_at: Instant | None = Field(None, validation_alias=START, description=START_TOO)
    dentist_id: UUID | None = None
    appointment_type: Slug | None = None
    notes: Note = None
    staff_notes: Note = None
    override: Override = False

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set - {"override"}:
            raise ValueError("name at least one field to change")
        if self.override and not self.moves:
            raise ValueError("override requires a new starts_at, dentist_id or appointment_type")
        return self

    def narrowed(self, names: set[str]) -> "Update":
        """The same with these fields alone."""
        kept = self.model_fields_set & names
        return Update.model_construct(kept, **{name: getattr(self, name) for name in kept})

    @property
    def moves(self) -> bool:
        """Whether it asks for another time, dentist or type; else it edits."""
        return bool(self.starts_at or self.dentist_id or self.appointment_type)

    @property
    def texts(self) -> Texts:
        """Those that it names."""
        return self.model_dump(include=self.model_fields_set & {"notes", "staff_notes"})


class Cancel(Body):
    """Why: one of a list, and free text that only the clinic reads."""

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"reason", "note"})

    reason: CancelReason | None = None
    note: Note = None
