"""The verbs as tools: their schemas, hints, and results."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations

Document = dict[str, Any]
"""One JSON object; it has `ok` and `say`."""

OUTPUT: Document = {
    "type": "object",
    "properties": {
        "ok": {"type": "boolean", "description": "Whether the call did what it was asked."},
        "say": {"type": "string", "description": "A sentence to say to the person."},
        "next_step": {"type": "string", "description": "What to do next."},
        "code": {"type": "string", "description": "Of a refusal: why."},
        "alternatives": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Of a refusal: up to three free times to offer instead.",
        },
    },
    "required": ["ok", "say"],
}
"""The schema of every answer."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a client is told about a verb."""

    name: str
    title: str
    description: str
    arguments: Document
    """The JSON schema of its arguments."""
    reads_only: bool
    destructive: bool
    """Whether it takes away something that the person has."""

    def tool(self) -> Tool:
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.arguments,
            output_schema=OUTPUT,
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
