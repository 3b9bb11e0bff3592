"""Bodies that accept read-only fields of GET, if their values are unchanged."""

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, ClassVar, Self, get_type_hints

from pydantic import (
    BaseModel,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from api.http.errors import invalid

DESCRIPTION = "Read-only: leave it out, or send the value from GET."


class AcceptsReadOnly(BaseModel):
    """Accepts the fields of SHAPE that are not its own, so that an answer of GET can be edited and
    sent back. `check` compares them with the row.
    """

    SHAPE: ClassVar[type]
    """The model that GET answers with."""
    VOLATILE: ClassVar[frozenset[str]] = frozenset()
    """Fields of SHAPE that differ in each answer and are not compared."""

    _read_only: dict[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _split_fields(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        names = _read_only_names(cls)
        own = {name: value for name, value in data.items() if name not in names}
        if data and not own:
            raise PydanticCustomError(
                "read_only",
                "is read-only; send a field that can be changed",
                {"named": min(data)},
            )
        body = handler(own)
        body._read_only = {name: value for name, value in data.items() if name in names}
        return body

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core)
        shown = handler.resolve_ref_schema(schema)
        for name in sorted(_read_only_names(cls)):
            shown["properties"][name] = {"readOnly": True, "description": DESCRIPTION}
        return schema

    @property
    def has_read_only(self) -> bool:
        return bool(self._read_only)

    @property
    def read_only(self) -> dict[str, Any]:
        """The read-only fields as they were sent."""
        return self._read_only

    def check(self, row: object) -> None:
        """Raises `validation_failed` for the first read-only field that differs from the row's."""
        for name in sorted(self._read_only.keys() - self.VOLATILE):
            if not _same(type(self), name, self._read_only[name], getattr(row, name)):
                raise invalid(
                    name, "is read-only; leave it out, or send the value from GET", "read_only"
                )

    def changed(self, row: object) -> set[str]:
        """The fields whose values differ from the row's."""
        given = self.model_fields_set
        return {name for name in given if getattr(self, name) != getattr(row, name, None)}


@cache
def _types(shape: type) -> dict[str, Any]:
    names = [f.name for f in fields(shape)] if is_dataclass(shape) else None
    hints = get_type_hints(shape, include_extras=True)
    return {name: hints[name] for name in names or shape.model_fields}  # type: ignore[attr-defined]  # a model


@cache
def _read_only_names(body: type[AcceptsReadOnly]) -> frozenset[str]:
    shape = getattr(body, "SHAPE", None)  # a base has none
    return frozenset(_types(shape).keys() - body.model_fields.keys()) if shape else frozenset()


@cache
def _adapter(body: type[AcceptsReadOnly], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_types(body.SHAPE)[name])


def _same(body: type[AcceptsReadOnly], name: str, given: object, present: object) -> bool:
    try:
        return bool(_adapter(body, name).validate_python(given) == present)
    except ValidationError:
        return False
