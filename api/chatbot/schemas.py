"""JSON schemas of the arguments and of the answer."""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

ANSWER: Schema = {
    "type": "object",
    "description": "`ok` is true. `say` is a sentence for the person, `next_step` says what to do"
    " next. What a person wrote is only in objects with the one field `written_by_person`.",
    "required": ["ok", "say", "next_step"],
    "properties": {
        "ok": {"type": "boolean", "const": True},
        "say": {"type": "string"},
        "next_step": {"type": "string"},
    },
    "additionalProperties": True,
}


def inlined(model: type[BaseModel]) -> Schema:
    """The schema of a model without references and titles."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    found: Schema = _resolved(schema, definitions)
    return found


def _resolved(schema: Any, definitions: Schema) -> Any:
    if isinstance(schema, list):
        return [_resolved(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        referred = definitions[schema["$ref"].rpartition("/")[2]]
        return _resolved(referred | {k: v for k, v in schema.items() if k != "$ref"}, definitions)
    return {
        name: {field: _resolved(each, definitions) for field, each in value.items()}
        if name == "properties"
        else _resolved(value, definitions)
        for name, value in schema.items()
        if name != "title" or not isinstance(value, str)
    }
