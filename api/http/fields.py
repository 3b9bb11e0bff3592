"""Fields that several bodies share, and the body of an edit."""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from api.bookings.requests import Body, Number, tell_of_an_edit
from api.http.read_only import Repeating
from domain import zones

LARGEST_INT = 2**31 - 1
MOST_MINUTES = 366 * 24 * 60


def _iana(name: str) -> str:
    return zones.named(name).key


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


class Edit(Repeating, Body):
    """What to change; absent fields stay as they are. Null, or "" for a text, empties a field that
    can be empty.
    """

    model_config = ConfigDict(json_schema_extra=tell_of_an_edit)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self

    def given(self) -> dict[str, Any]:
        """The fields that are to change."""
        return self.model_dump(include=self.model_fields_set)
