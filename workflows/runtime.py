"""The runtime of Temporal's SDK: its log and its metrics."""

import logging

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

log = logging.getLogger("temporalio.core")


def quiet_runtime(metrics_address: str | None = None) -> Runtime:
    """A runtime that logs errors only, into this process's log: while Temporal is unreachable, a
    warning for each retry would fill it. With `metrics_address` (host:port) the SDK serves its own
    metrics there.
    """
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    metrics = None
    if metrics_address:
        metrics = PrometheusConfig(
            bind_address=metrics_address,
            counters_total_suffix=True,
            unit_suffix=True,
            durations_as_seconds=True,
        )
    return Runtime(
        telemetry=TelemetryConfig(
            logging=LoggingConfig(filter=errors, forwarding=LogForwardingConfig(logger=log)),
            metrics=metrics,
        )
    )
