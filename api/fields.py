"""Fields that several bodies share, and the body of an edit."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from api.read_only import Repeating
from api.requests import Body, Number
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


def _told(schema: dict[str, Any], body: type[BaseModel]) -> None:
    """Says in the document what an edit refuses: no field, and null where it empties nothing."""
    schema["minProperties"] = 1
    for name, field in schema["properties"].items():
        if name not in getattr(body, "CAN_BE_EMPTY", ()):
            given = [each for each in field.pop("anyOf") if each != {"type": "null"}]
            field |= given[0]
            del field["default"]


class Edit(Repeating, Body):
    """What to change; absent fields stay as they are. Null empties a field that can be empty."""

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(json_schema_extra=_told)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        for name in self.model_fields_set - self.CAN_BE_EMPTY:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self

    def given(self) -> dict[str, Any]:
        """The fields that are to change."""
        return self.model_dump(include=self.model_fields_set)
