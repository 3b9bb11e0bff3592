"""The present trace as text, as in the W3C's header `traceparent`: the API writes it beside a
change, and the worker continues it. While tracing is off there is none.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context
from opentelemetry.propagators.textmap import CarrierT, Getter, default_getter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER = "traceparent"


class TraceParent(TraceContextTextMapPropagator):
    """Passes on ids only: `tracestate` and `baggage` may have any text that a client sent."""

    def extract(
        self,
        carrier: CarrierT,
        context: context.Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> context.Context:
        return super().extract({HEADER: getter.get(carrier, HEADER) or []}, context)


PROPAGATOR = TraceParent()


def traceparent() -> str | None:
    """The present trace and span; null without one."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier)
    return carrier.get(HEADER)


@contextmanager
def continued(parent: str | None) -> Iterator[None]:
    """Continues the trace with this `traceparent` in the block, if there is one."""
    if not parent:
        yield
        return
    token = context.attach(PROPAGATOR.extract({HEADER: parent}, context.Context()))
    try:
        yield
    finally:
        context.detach(token)
