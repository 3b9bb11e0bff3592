"""Traces are off by default, on by a variable, and never in the way of a booking."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from temporalio.client import Client

import tracing
from api.app import create_app
from api.auth import development
from db.pool import Pool
from embedded import ports
from settings import Settings
from tests.acceptance.premises import Part
from tests.observability.lines import written
from tests.observability.spans import Spans
from tests.support import AMARA, monday
from tests.workflows.desk import Desk, has_read, until
from tracing.scrubbing import ScrubbingExporter
from tracing.spans import Tracing
from workflows import TASK_QUEUE

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
RESERVE = "/api/availability/reserve"
BODY = {
    "dentist_id": str(AMARA),
    "starts_at": monday(9).isoformat(),
    "appointment_type": "checkup",
}
NEVER = str(3_600_000)
"""Milliseconds between two batches: only the end of the process sends one."""

IMPORTS = """
import sys
import api.http.server, cli, tracing, worker
assert tracing.start("nobody") is None
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exp"))])
"""


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and what was sent to it."""
    got: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((ports.HOST, 0), Collector) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{ports.HOST}:{server.server_port}", got
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({ENDPOINT: ""}, False),
        ({ENDPOINT: "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({ENDPOINT: "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({ENDPOINT: "http://c:4318", "OTEL_SDK_DISABLED": "false"}, True),
        ({ENDPOINT: "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_SERVICE_NAME": "desk", "OTEL_TRACES_SAMPLER": "always_on"}, False),
    ],
)
def test_an_endpoint_switches_traces_on(environment, on):
    assert tracing.is_on(environment) is on


def test_while_traces_are_off_no_process_imports_the_sdk(monkeypatch):
    monkeypatch.delenv(ENDPOINT, raising=False)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=Path(tracing.__file__).parents[1], capture_output=True
    )
    assert done.stdout.decode().strip() == "[]", done.stderr.decode()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_TRACES_EXPORTER", "jaeger"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many"),
    ],
)
def test_wrong_variables_are_logged_and_leave_traces_off(monkeypatch, variable, value):
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setenv(variable, value)
    with written() as lines:
        assert tracing.start("nobody") is None
    (line,) = lines.of(logger="tracing")
    assert line["event"].startswith("traces are off: ")
    assert line["level"] == "error"


def test_the_variables_of_the_sdk_name_the_service_and_choose_what_is_sampled(monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=desk,zone=b")
    (span,) = recorded("kept")
    assert span.resource.attributes["service.name"] == "desk"
    assert span.resource.attributes["zone"] == "b"
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    assert recorded("dropped") == ()


def recorded(name: str) -> tuple[ReadableSpan, ...]:
    """What is exported of a span with this name."""
    spans = Spans()
    traced = Tracing("default", SimpleSpanProcessor(ScrubbingExporter(spans.exporter)))
    traced.tracer.start_span(name).end()
    traced.stop()
    return spans.all


async def test_the_last_spans_of_api_and_worker_are_sent_when_they_end(
    settings: Settings, temporal, dsn: str, pool: Pool, tmp_path: Path
):
    with collector() as (address, got):
        environment = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": dsn,
            "TEMPORAL_ADDRESS": temporal.address,
            "CHAIRTIME_HOME": str(settings.chairtime_home),
            "METRICS_PORT": "0",
            ENDPOINT: address,
            "OTEL_BSP_SCHEDULE_DELAY": NEVER,
            "NO_PROXY": ports.HOST,
        }
        one, other = ports.any_free(), ports.any_free()
        api = Part(["api", "--port", str(one)], environment, one, tmp_path / "api.log")
        arguments = ["worker", "--health-port", str(other)]
        worker = Part(arguments, environment, other, tmp_path / "worker.log")
        desk = Desk(await Client.connect(temporal.address), pool, TASK_QUEUE)
        async with AsyncExitStack() as ending:
            for part in (api, worker):
                ending.push_async_callback(asyncio.to_thread, part.stop)
                part.launch()
            for part in (api, worker):
                await asyncio.to_thread(part.wait)
            headers = {"Authorization": f"Bearer {development.token(settings, 'patient', 'ana')}"}
            async with httpx2.AsyncClient(base_url=api.url, headers=headers) as http:
                held = await http.post(RESERVE, json=BODY)
            assert held.status_code == 201
            waiting = partial(pool.fetchval, "select count(*) = 0 from workflow_inbox")
            await until(waiting)
            await until(lambda: has_read(desk.handle(held.json()["id"]), 1))
            assert got == []
    sent = b"".join(got)
    for name in ("chairtime-api", f"POST {RESERVE}", "chairtime-worker", "RunActivity:advance"):
        assert name.encode() in sent
    await desk.handle(held.json()["id"]).terminate()


async def test_a_collector_that_never_answers_holds_up_no_request_and_no_end(
    settings: Settings, as_, monkeypatch
):
    """The exporter would wait for an hour."""
    with socket.create_server((ports.HOST, 0)) as silent:
        monkeypatch.setenv(ENDPOINT, f"http://{ports.HOST}:{silent.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
        monkeypatch.setenv("NO_PROXY", ports.HOST)
        monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
        traced = tracing.start("tested")
        assert traced
        app = create_app(settings, traced.tracer)
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://chairtime") as api,
        ):
            headers = as_("patient", "ana")
            assert (await api.post(RESERVE, json=BODY, headers=headers)).status_code == 201
            connection, _ = await asyncio.to_thread(silent.accept)  # the exporter waits from now on
            for _ in range(20):
                assert (await api.get("/api/profiles/me", headers=headers)).status_code == 200
        traced.stop()
        connection.close()


def test_an_outage_of_the_collector_is_one_line():
    refused = OTLPSpanExporter(endpoint="http://127.0.0.1:1/v1/traces", timeout=0.1)
    lost, exporter = recorded("lost"), ScrubbingExporter(refused)
    with written() as lines:
        for _ in range(20):
            exporter.export(lost)
    (line,) = [line for line in lines.all if "collector" in line["event"]]
    assert line["event"].startswith("the collector of traces is unavailable, spans are lost")
