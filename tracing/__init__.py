"""Traces by OpenTelemetry: from an HTTP request through the workflow inbox to Temporal, and from
the workflow through its activity to SQL.

Off by default; an OTLP endpoint switches them on. While they are off, the SDK is not imported.
"""

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracing.spans import Tracing

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Each of these variables switches traces on."""

PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
"""The first one that is set applies."""

PROTOCOL = "http/protobuf"

log = logging.getLogger(__name__)


def start(service: str) -> "Tracing | None":
    """Starts exporting traces of this process; null while they are off. `service` is its name,
    unless OTEL_SERVICE_NAME is set. What is wrong with the variables is logged, and traces stay
    off: bookings do not depend on them.
    """
    if not is_on(os.environ):
        return None
    if why := unsupported(os.environ):
        log.error("traces are off: %s", why)
        return None
    from tracing.spans import Tracing

    try:
        return Tracing.exporting(service)
    except ValueError as error:
        log.error("traces are off: a variable OTEL_… has a wrong value: %s", error)
        return None


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether these variables ask for traces."""
    off = _word(environment, "OTEL_SDK_DISABLED") == "true"
    none = _word(environment, "OTEL_TRACES_EXPORTER") == "none"
    return any(environment.get(name) for name in ENDPOINTS) and not off and not none


def unsupported(environment: Mapping[str, str]) -> str | None:
    """What these variables ask for that this program cannot do; null if there is nothing."""
    if _word(environment, "OTEL_TRACES_EXPORTER") not in ("", "otlp"):
        return "OTEL_TRACES_EXPORTER must be otlp or none"
    protocol = next(filter(None, (_word(environment, name) for name in PROTOCOLS)), PROTOCOL)
    if protocol != PROTOCOL:
        return f"OTEL_EXPORTER_OTLP_PROTOCOL must be {PROTOCOL}"
    return None


def _word(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "").strip().lower()
