"""Temporal's own tracing interceptor, which passes on ids only."""

from opentelemetry.trace import Tracer
from temporalio.contrib.opentelemetry import (
    TracingInterceptor,
    TracingWorkflowInboundInterceptor,
)
from temporalio.worker import WorkflowInboundInterceptor, WorkflowInterceptorClassInput

from db.trace_context import PROPAGATOR


class TraceParentInterceptor(TracingInterceptor):
    """By default it would also pass on `tracestate` and `baggage`: any text that a client sent."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__(tracer)
        self.text_map_propagator = PROPAGATOR

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[TracingWorkflowInboundInterceptor]:
        super().workflow_interceptor_class(input)
        return WorkflowTraceParent


class WorkflowTraceParent(TracingWorkflowInboundInterceptor):
    def __init__(self, next: WorkflowInboundInterceptor) -> None:
        super().__init__(next)
        self.text_map_propagator = PROPAGATOR
