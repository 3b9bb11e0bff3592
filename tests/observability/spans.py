"""Spans as a reader of traces sees them: which caused which."""

from itertools import groupby

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.realtime.listening import until

OPENING = "set"
"""The span of a connection's settings: it depends on the pool whether a request opens one."""


class Spans:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    @property
    def text(self) -> str:
        """Everything that a collector gets."""
        return "\n".join(span.to_json() for span in self.all)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    async def until(self, name: str, count: int = 1) -> None:
        """Waits until so many spans with this name have ended."""
        await until(lambda: len(self.named(name)) >= count)

    def trace(self, of: ReadableSpan) -> list[ReadableSpan]:
        """All spans of this one's trace, in the order of their beginnings."""
        found = [span for span in self.all if span.context.trace_id == of.context.trace_id]
        return sorted(found, key=lambda span: span.start_time or 0)

    def tree(self, root: ReadableSpan) -> list[str]:
        """The trace by names, each below the span that caused it. What was repeated with the same
        spans below it is there once.
        """
        return _tree(self.trace(root), root)


def _tree(trace: list[ReadableSpan], span: ReadableSpan) -> list[str]:
    below = [
        _tree(trace, each)
        for each in trace
        if each.parent and each.parent.span_id == span.context.span_id and each.name != OPENING
    ]
    return [span.name, *(f"  {line}" for lines, _ in groupby(below) for line in lines)]
