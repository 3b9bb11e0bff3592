"""What comes in: bodies, checked for shape only. Whether it may be done is decided elsewhere."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Self
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

from api.read_only import Repeating
from api.texts import Text
from domain.appointments import Appointment
from domain.booking import CancelReason

LOST_PLUS = re.compile(r":[0-9]{2}(\.[0-9]+)? [0-9]{2}(:?[0-9]{2})?$")
"""The end of a time whose + was read as a space, as it is in a query."""


def _number(value: object) -> object:
    """A document says integer: neither true nor "7" is one."""
    if isinstance(value, bool | str):
        raise ValueError("must be a whole number")
    return value


def _written(value: object) -> object:
    """A document says date or date-time: numbers are none, whatever they may count."""
    if isinstance(value, str) and LOST_PLUS.search(value):
        raise ValueError("has a space before its offset; in a URL, write + as %2B")
    if not isinstance(value, date | str) or (isinstance(value, str) and value[4:5] != "-"):
        raise ValueError("must be written as in 2027-03-08 or 2027-03-08T09:00:00+01:00")
    return value


def _plausible(instant: datetime) -> datetime:
    if not 2000 <= instant.year <= 2200:
        raise ValueError("must lie between the years 2000 and 2200")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_plausible), BeforeValidator(_written)]
"""A time with its offset; a naive one is refused."""

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 12, 31)), BeforeValidator(_written)]
"""A calendar day of the clinic."""

Number = BeforeValidator(_number)

Slug = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]

START = AliasChoices("starts_at", "appointment_date")
START_TOO = "With its offset. Can be given as `appointment_date` as well."


def _split(given: object) -> object:
    """A list in a query can be repeated, or written with commas."""
    if not isinstance(given, list):
        return given
    return [part for each in given for part in str(each).split(",")]


Listed = BeforeValidator(_split)


Override = Annotated[
    StrictBool, Field(description="Staff: book outside the hours and off the grid.")
]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reserve(Body):
    """Hold a slot. `patient_id` is the caller's own where a patient calls, and needed otherwise."""

    dentist_id: UUID
    starts_at: Instant = Field(validation_alias=START, description=START_TOO)
    appointment_type: Slug
    patient_id: UUID | None = None
    notes: Text | None = None
    override: Override = False


class Create(Body):
    """Book at once, or confirm the hold `reservation_id`; fields that differ from that hold are
    refused.
    """

    reservation_id: UUID | None = None
    dentist_id: UUID | None = None
    starts_at: Instant | None = Field(None, validation_alias=START, description=START_TOO)
    appointment_type: Slug | None = None
    patient_id: UUID | None = None
    notes: Text | None = None
    override: Override = False


class Update(Repeating, Body):
    """What to change; absent fields stay as they are. An empty `notes` removes the notes."""

    SHAPE = Appointment
    PASSING = frozenset({"server_time", "expires_in_seconds", "hold_token"})
    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    starts_at: Instant | None = Field(None, validation_alias=START, description=START_TOO)
    dentist_id: UUID | None = None
    appointment_type: Slug | None = None
    notes: Text | None = None
    override: Override = False

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set - {"override"}:
            raise ValueError("name at least one field to change")
        if self.override and not self.moves:
            raise ValueError("override goes with a new starts_at, dentist_id or appointment_type")
        return self

    def narrowed(self, names: set[str]) -> "Update":
        """The same with these fields alone."""
        kept = self.model_fields_set & names
        return Update.model_construct(kept, **{name: getattr(self, name) for name in kept})

    @property
    def moves(self) -> bool:
        """Whether it asks for another time, dentist or type; else it edits."""
        return bool(self.starts_at or self.dentist_id or self.appointment_type)


class Cancel(Body):
    """Why: one of a list, and free text that only the clinic reads."""

    reason: CancelReason | None = None
    note: Text | None = None
