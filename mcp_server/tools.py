"""The verbs as tools: their schemas, hints, and results."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations

Document = dict[str, Any]
"""One JSON object; it has `ok` and `say`."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a client is told about a verb."""

    name: str
    title: str
    description: str
    arguments: Document
    """The JSON schema of its arguments."""
    answer: Document
    """The JSON schema of its answers, refusals included."""
    reads_only: bool
    destructive: bool
    """Whether it takes away something that the person has."""

    def tool(self) -> Tool:
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.arguments,
            output_schema=self.answer,
            annotations=ToolAnnotations(
                title=self.title,
                read_only_hint=self.reads_only,
                destructive_hint=self.destructive,
                idempotent_hint=True,
                open_world_hint=False,
            ),
        )


def result(document: Mapping[str, Any]) -> CallToolResult:
    """The answer as structured content, and as text for clients that know no structured content."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=dict(document),
        is_error=not document["ok"],
    )
