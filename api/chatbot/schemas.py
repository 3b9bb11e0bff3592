"""JSON schemas of the arguments and of the answer."""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

OK: Schema = {"type": "boolean", "description": "Whether the call did what it was asked."}
SAY: Schema = {"type": "string", "description": "A sentence to say to the person."}
NEXT_STEP: Schema = {"type": "string", "description": "What to do next."}

ANSWER: Schema = {
    "type": "object",
    "description": "What a person wrote is only in objects with the one field `written_by_person`.",
    "required": ["ok", "say", "next_step"],
    "properties": {"ok": OK | {"const": True}, "say": SAY, "next_step": NEXT_STEP},
    "additionalProperties": True,
}

ANSWER_OR_REFUSAL: Schema = ANSWER | {
    "required": ["ok", "say"],
    "properties": {
        "ok": OK,
        "say": SAY,
        "next_step": NEXT_STEP,
        "code": {"type": "string", "description": "Of a refusal: why."},
        "alternatives": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Of a refusal: up to three free times to offer instead.",
        },
    },
}
"""Of a tool call: a refusal is a result too."""

REFUSED_BY_STRICT = frozenset({"default", "title", "minLength", "maxLength"})
STRICT_FORMATS = frozenset({"date-time", "date", "time", "email", "uuid"})


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
    if isinstance(schema.get("description"), str):
        schema = schema | {"description": " ".join(schema["description"].split())}
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


def strict(schema: Schema) -> Schema:
    """The schema as strict modes of language models want it: every property is required, optional
    ones can be null, and keywords that they refuse are left out. It accepts nothing that the model
    of the arguments refuses, but for lengths of texts and names of zones.
    """
    kept = {name: value for name, value in schema.items() if name not in REFUSED_BY_STRICT}
    if kept.get("format") not in STRICT_FORMATS:
        kept.pop("format", None)
    if "properties" in kept:
        needed = set(schema.get("required", ()))
        kept["properties"] = {
            name: strict(each if name in needed else _nullable(each))
            for name, each in kept["properties"].items()
        }
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    if "items" in kept:
        kept["items"] = strict(kept["items"])
    if "anyOf" in kept:
        kept["anyOf"] = [strict(each) for each in kept["anyOf"]]
    return kept


def _nullable(schema: Schema) -> Schema:
    if {"type": "null"} in schema.get("anyOf", ()):
        return schema
    described = {"description": schema["description"]} if "description" in schema else {}
    return described | {"anyOf": [schema, {"type": "null"}]}
