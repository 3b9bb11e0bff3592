"""The base of all bodies, and of those that edit a row."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.http.read_only import AcceptsReadOnly


def _empty_as_none(value: object) -> object:
    return None if value == "" else value


def _or_empty(schema: dict[str, Any]) -> None:
    schema["anyOf"].append({"type": "string", "const": ""})


EMPTIED = BeforeValidator(_empty_as_none)
"""For a field that a text of no characters empties, as null does."""

MAY_BE_EMPTY = Field(json_schema_extra=_or_empty)
"""Adds the empty text to the schema of such a field, whose pattern would exclude it."""


def describe_null(schema: dict[str, Any], body: type[BaseModel]) -> None:
    """Removes null from the schema of each field that refuses it."""
    for name, field in schema["properties"].items():
        if name not in getattr(body, "CAN_BE_EMPTY", ()) and "anyOf" in field:
            given = [each for each in field.pop("anyOf") if each != {"type": "null"}]
            field |= given[0] if len(given) == 1 else {"anyOf": given}
            field.pop("default", None)


class Body(BaseModel):
    """Null empties a field in CAN_BE_EMPTY and is refused in all others; an absent field is not
    changed.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=describe_null)

    @model_validator(mode="after")
    def _no_null(self) -> Self:
        for name in sorted(self.model_fields_set - self.CAN_BE_EMPTY):
            if getattr(self, name) is None:
                raise PydanticCustomError("null", "cannot be null; leave it out", {"named": name})
        return self


def describe_edit(schema: dict[str, Any], body: type[BaseModel]) -> None:
    schema["minProperties"] = 1
    describe_null(schema, body)


class Edit(AcceptsReadOnly, Body):
    """The fields to change; absent fields stay as they are. Null, or "" for a text, empties a field
    that can be empty.
    """

    model_config = ConfigDict(json_schema_extra=describe_edit)

    @model_validator(mode="after")
    def _names_a_field(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "name at least one field to change")
        return self

    def given(self) -> dict[str, Any]:
        """The fields that are to change."""
        return self.model_dump(include=self.model_fields_set)
