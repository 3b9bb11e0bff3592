"""API, dispatcher and worker in one process, traced into memory."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from temporalio.client import Client

from api.app import create_app
from db.pool import Pool
from settings import Settings
from tests.api.conftest import as_, home, settings
from tests.observability.spans import Spans
from tests.realtime.conftest import running
from tests.workflows.desk import Desk
from tracing.scrubbing import ScrubbingExporter
from tracing.spans import Tracing
from workflows.dispatch import Dispatcher

__all__ = ["as_", "home", "settings"]


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def traces(spans: Spans) -> Iterator[Tracing]:
    tracing = Tracing("tested", SimpleSpanProcessor(ScrubbingExporter(spans.exporter)))
    yield tracing
    tracing.stop()


@pytest.fixture
async def traced_api(
    settings: Settings, traces: Tracing, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")  # it needs none itself
    app = create_app(settings, traces.tracer)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://chairtime") as client,
    ):
        yield client


@pytest.fixture
async def traced_worker(temporal, dsn: str, pool: Pool, traces: Tracing) -> AsyncIterator[Desk]:
    """A desk whose worker and dispatcher work."""
    client = await Client.connect(temporal.address, interceptors=[traces.interceptor])
    desk = Desk(client, pool, f"traced-{dsn[-12:]}")
    dispatcher = Dispatcher(dsn, client, task_queue=desk.queue, poll=0.05)
    async with desk.working(), running(dispatcher):
        yield desk
