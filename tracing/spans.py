"""The tracer of a process, and what it traces."""

import logging
import threading
from typing import Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer

from tracing.sampling import BackgroundSampler
from tracing.scrubbing import ScrubbingExporter
from tracing.temporal import TraceParentInterceptor

FLUSH_SECONDS = 1.0
"""How long the end of a process waits for its last spans to be sent."""

QUERIES = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]  # only its __init__
"""It traces statements without their arguments."""


class Tracing:
    """Traces requests, queries and workflows of this process from now on."""

    def __init__(self, service: str, processor: SpanProcessor) -> None:
        names = {SERVICE_NAME: service} | dict(OTELResourceDetector().detect().attributes)
        self._provider = TracerProvider(resource=Resource.create(names), shutdown_on_exit=False)
        self._provider.sampler = BackgroundSampler(self._provider.sampler)  # OTEL_TRACES_SAMPLER's
        self._provider.add_span_processor(processor)
        QUERIES.instrument(tracer_provider=self._provider)

    @classmethod
    def exporting(cls, service: str) -> Self:
        """Sends spans in the background, to the endpoint that the variables name. If it does not
        take them, they are lost; nobody waits for it.
        """
        # It would log each attempt; ScrubbingExporter logs an outage in a few lines.
        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
        return cls(service, BatchSpanProcessor(ScrubbingExporter(OTLPSpanExporter())))

    @property
    def tracer(self) -> Tracer:
        return self._provider.get_tracer("chairtime")

    @property
    def interceptor(self) -> TraceParentInterceptor:
        """For Temporal's client, whose workers then have it too."""
        return TraceParentInterceptor(self.tracer)

    def stop(self) -> None:
        """Sends the last spans, within FLUSH_SECONDS, and traces no more queries."""
        QUERIES.uninstrument()
        end = threading.Thread(target=self._provider.shutdown, daemon=True)
        end.start()
        end.join(FLUSH_SECONDS)
