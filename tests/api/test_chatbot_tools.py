"""The verbs as tools of language models: what `chairtime export tools` prints."""

import json
import subprocess
import sys
from typing import Any

import jsonschema_rs
import pytest

from api.chatbot.tools import TOOLS, Format, exported
from api.chatbot.verbs import VERBS
from settings import CHECKOUT

KNOWN_TO_STRICT = frozenset(
    "type properties required additionalProperties items anyOf enum const description pattern"
    " format minimum maximum minItems maxItems".split()
)
FORMATS_OF_STRICT = ("date-time", "time", "date", "duration", "email", "hostname", "uuid")
EXAMPLES: dict[str, dict[str, Any]] = {
    "find_slots": {"appointment_type": "checkup", "weekdays": ["monday"], "days": 7},
    "hold_slot": {
        "conversation_id": "c",
        "dentist_id": "01a20727-4a5e-7000-8000-000000000001",
        "starts_at": "2027-03-08T09:00:00+01:00",
        "appointment_type": "checkup",
    },
    "confirm_booking": {
        "booking_id": "01a20727-4a5e-7000-8000-000000000001",
        "hold_token": "t",
        "read_back_hash": "en.h",
    },
    "cancel_booking": {"booking_id": "01a20727-4a5e-7000-8000-000000000001", "reason": "ill"},
    "reschedule_booking": {
        "booking_id": "01a20727-4a5e-7000-8000-000000000001",
        "starts_at": "2027-03-08T09:00:00+01:00",
    },
    "get_booking": {"booking_id": "01a20727-4a5e-7000-8000-000000000001", "wait_seconds": 25},
}


def parameters(format: Format, name: str) -> dict[str, Any]:
    tools = exported(format)
    if format is Format.JSON_SCHEMA:
        return tools[name]
    if format is Format.OPENAI:
        return next(t["function"] for t in tools if t["function"]["name"] == name)["parameters"]
    return next(tool for tool in tools if tool["name"] == name)["input_schema"]


def check_strict(schema: dict[str, Any]) -> None:
    assert not schema.keys() - KNOWN_TO_STRICT, schema
    assert schema.get("format", "uuid") in FORMATS_OF_STRICT
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])
    for inner in (*schema.get("properties", {}).values(), *schema.get("anyOf", ())):
        check_strict(inner)
    if "items" in schema:
        check_strict(schema["items"])


def test_every_verb_is_a_tool():
    assert set(TOOLS) == set(VERBS) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("format", [Format.OPENAI, Format.ANTHROPIC])
def test_exported_tools_are_valid_in_strict_mode(format, name):
    schema = parameters(format, name)
    assert schema["type"] == "object"
    check_strict(schema)
    judge = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    filled = dict.fromkeys(schema["properties"]) | EXAMPLES[name]
    assert [error.message for error in judge.iter_errors(filled)] == []
    TOOLS[name].arguments.model_validate(filled)
    assert not judge.is_valid(filled | {"colour": "red"})
    assert not judge.is_valid({})


@pytest.mark.parametrize("name", EXAMPLES)
def test_json_schema_accepts_what_the_model_accepts(name):
    schema = parameters(Format.JSON_SCHEMA, name)
    judge = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert [error.message for error in judge.iter_errors(EXAMPLES[name])] == []
    assert "$ref" not in json.dumps(schema)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_argument_is_described_for_the_model(name):
    schema = TOOLS[name].schema
    for field, told in schema["properties"].items():
        assert "description" in json.dumps(told), field
    assert "\n" not in json.dumps(schema).replace("\\n", "\n")


@pytest.mark.parametrize("format", list(Format))
def test_the_command_prints_the_tools(format):
    command = [sys.executable, "-m", "cli", "export", "tools", "--format", format]
    printed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert json.loads(printed.stdout) == exported(format)
