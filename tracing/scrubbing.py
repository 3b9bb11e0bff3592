"""Keeps personal data out of exported traces, and an outage of the collector out of the log."""

import logging
from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import Attributes

from db.outages import OutageLog
from domain.booking import Verb
from domain.messages import LOOK

KEPT = frozenset(
    {
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "exception.type",
        "db.system",
        "db.name",
        "db.statement",  # our own text with $1 in it, never its arguments
        "temporalWorkflowID",
        "temporalRunID",
        "temporalActivityID",
    }
)
"""The attributes that are exported. Any other may be about a person, such as the message of an
exception, which may contain a row.
"""

MESSAGES = ("HandleSignal", "HandleUpdate", "ValidateUpdate", "HandleQuery")
"""Kinds of spans that are named after a message to a workflow."""

KNOWN_MESSAGES = frozenset({*Verb, LOOK, "state", "wake"})
"""Messages of ours. Others come from the Web UI, where a name can be any text."""

log = logging.getLogger(__name__)


class ScrubbingExporter(SpanExporter):
    """Exports spans with the attributes KEPT only, and without messages of errors. A failure is
    logged, never raised.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._outage = OutageLog(log, "the collector of traces is unavailable, spans are lost")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export([scrubbed(span) for span in spans])
        except Exception as error:
            self._outage.failed(type(error).__name__)
            return SpanExportResult.FAILURE
        if result is SpanExportResult.SUCCESS:
            self._outage.worked()
        else:
            self._outage.failed("it did not accept them")
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def scrubbed(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=_name(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(span.attributes),
        events=[Event(each.name, _kept(each.attributes), each.timestamp) for each in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _name(name: str) -> str:
    kind, _, message = name.partition(":")
    return f"{kind}:other" if kind in MESSAGES and message not in KNOWN_MESSAGES else name


def _kept(attributes: Attributes) -> Attributes:
    return {name: value for name, value in (attributes or {}).items() if name in KEPT}
