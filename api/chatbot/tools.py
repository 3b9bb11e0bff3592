"""The verbs as tools of a language model: names, arguments and hints. It imports little, so that
programs without a database can publish the same list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from inspect import cleandoc
from typing import Any

from api.chatbot.models import (
    Arguments,
    CancelBooking,
    ConfirmBooking,
    FindSlots,
    GetBooking,
    HoldSlot,
    RescheduleBooking,
)
from api.chatbot.schemas import Schema, inlined, strict


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    arguments: type[Arguments]
    read_only: bool = False
    destructive: bool = False
    """Whether it takes away what the person has."""

    @property
    def description(self) -> str:
        """For the language model."""
        return " ".join(cleandoc(self.arguments.__doc__ or "").split())

    @property
    def schema(self) -> Schema:
        """The JSON schema of the arguments, without references."""
        return inlined(self.arguments)


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("find_slots", FindSlots, read_only=True),
        Tool("hold_slot", HoldSlot),
        Tool("confirm_booking", ConfirmBooking),
        Tool("cancel_booking", CancelBooking, destructive=True),
        Tool("reschedule_booking", RescheduleBooking),
        Tool("get_booking", GetBooking, read_only=True),
    )
}


class Format(StrEnum):
    OPENAI = "openai"
    """The `tools` of OpenAI's chat completions and of servers like it, in strict mode."""
    ANTHROPIC = "anthropic"
    """The `tools` of Anthropic's messages."""
    JSON_SCHEMA = "json-schema"
    """A JSON schema per verb."""


def exported(format: Format) -> Any:
    """All tools as a document of this format."""
    if format is Format.JSON_SCHEMA:
        return {name: _json_schema(tool) for name, tool in TOOLS.items()}
    return [WRITERS[format](tool) for tool in TOOLS.values()]


def _openai(tool: Tool) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": strict(tool.schema),
        "strict": True,
    }
    return {"type": "function", "function": function}


def _anthropic(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": strict(tool.schema),
        "strict": True,
    }


def _json_schema(tool: Tool) -> Schema:
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": tool.name, **tool.schema}


WRITERS: Mapping[Format, Callable[[Tool], dict[str, Any]]] = {
    Format.OPENAI: _openai,
    Format.ANTHROPIC: _anthropic,
}
