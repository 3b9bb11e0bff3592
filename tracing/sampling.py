"""Which spans are recorded."""

from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes


class BackgroundSampler(Sampler):
    """Drops queries and calls that belong to no request and no workflow, such as polling, and those
    of a stream after its answer began. For all other spans, asks the given sampler.
    """

    def __init__(self, others: Sampler) -> None:
        self._others = others

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if kind is SpanKind.CLIENT and not _has_open_parent(parent_context):
            return SamplingResult(Decision.DROP)
        return self._others.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        return f"BackgroundSampler{{{self._others.get_description()}}}"


def _has_open_parent(context: Context | None) -> bool:
    """Whether a span of this process is open, or the trace comes from another process."""
    parent = trace.get_current_span(context)
    return parent.is_recording() or parent.get_span_context().is_remote
