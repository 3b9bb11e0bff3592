"""The runtime of Temporal's SDK: its log and its metrics."""

import logging
import random
from collections.abc import Iterable
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException

from prometheus_client import REGISTRY, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

HOST = "127.0.0.1"
PORTS = range(10_000, 16_000)
"""One of them gets the SDK's metrics: below those that the system gives to outgoing connections."""

ATTEMPTS = 20

TIMEOUT = 1.0
"""Seconds to read the SDK's metrics; without them the process's own are served."""

log = logging.getLogger("temporalio.core")


def use_quiet_runtime() -> None:
    """Lets the SDK log errors only, into this process's log: while Temporal is unreachable, a
    warning for each retry would fill it. Adds the SDK's metrics to those of this process.
    """
    for port in random.sample(PORTS, ATTEMPTS):
        with suppress(ValueError):  # the port is taken
            Runtime.set_default(_runtime(f"{HOST}:{port}"))
            REGISTRY.register(SdkMetrics(port))
            return
    raise OSError("no free port of this machine for the metrics of Temporal's SDK")


class SdkMetrics(Collector):
    """The metrics that the SDK serves on a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    def describe(self) -> Iterable[Metric]:
        """None: their names are not known before they are used."""
        return []

    def collect(self) -> Iterable[Metric]:
        with suppress(OSError, HTTPException):
            return text_string_to_metric_families(self._read())
        return []

    def _read(self) -> str:
        with closing(HTTPConnection(HOST, self._port, timeout=TIMEOUT)) as connection:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()


def _runtime(metrics_address: str) -> Runtime:
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(
        telemetry=TelemetryConfig(
            logging=LoggingConfig(filter=errors, forwarding=LogForwardingConfig(logger=log)),
            metrics=PrometheusConfig(
                bind_address=metrics_address,
                counters_total_suffix=True,
                unit_suffix=True,
                durations_as_seconds=True,
            ),
        )
    )
