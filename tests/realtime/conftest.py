"""Relay and hub over a database of the test's own, readers inside the process, and the API on a
socket with readers outside.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from limits.aio import strategies
from limits.aio.storage import memory

from api.auth import development, tokens
from api.http import limits
from db.pool import Pool
from realtime import stream as realtime_stream
from realtime.hub import Hub
from realtime.relay import Relay
from settings import Settings
from tests.realtime.listening import Listener, until
from tests.realtime.server import Client, Running, serving


@asynccontextmanager
async def running(*parts):
    for part in parts:
        await part.start()
    try:
        yield
    finally:
        for part in reversed(parts):
            await part.stop()


@pytest.fixture
async def relay(dsn: str) -> AsyncIterator[Relay]:
    """A relay that leads."""
    relay = Relay(dsn)
    async with running(relay):
        await until(lambda: relay.health.leader)
        yield relay


@pytest.fixture
async def hub(dsn: str) -> AsyncIterator[Hub]:
    """A hub that has found the log."""
    hub = Hub(dsn)
    async with running(hub):
        await until(lambda: hub.health.connected)
        yield hub


@pytest.fixture
async def listen(hub: Hub, pool: Pool) -> AsyncIterator[Callable[..., Listener]]:
    """`listen(actor, "appointments", …)`: a reader who takes whatever comes."""
    listeners: list[Listener] = []

    def listen(actor, *topics: str, at=None) -> Listener:
        listeners.append(Listener(hub, pool, actor, topics, at))
        return listeners[-1]

    yield listen
    for listener in listeners:
        await listener.stop()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def settings(api_dsn: str, home: Path) -> Settings:
    return Settings(
        environment="development",
        database_url=api_dsn,
        database_pool_size=4,
        metrics_port=0,
        chairtime_home=home,
        _env_file=None,
    )


@pytest.fixture
async def api(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """The API on a socket; Temporal is away."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with serving(settings) as running:
        yield running


@pytest.fixture
def as_(settings: Settings):
    """Headers of a caller: `as_("patient", "ana")`."""

    def headers(role: str, name: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {development.token(settings, role, name)}"}

    return headers


@pytest.fixture
def streams_outlive_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams open at the time at which tokens that are made now expire."""
    expired = time.time() + development.LIFETIME + tokens.LEEWAY
    monkeypatch.setattr(realtime_stream, "time", SimpleNamespace(time=lambda: expired))


@pytest.fixture
def limits_of_one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the rate limits stands still: no window moves on between two calls of a test."""
    now = time.time()
    stopped = SimpleNamespace(time=lambda: now)
    for module in (limits, memory, strategies):
        monkeypatch.setattr(module, "time", stopped)


@pytest.fixture
async def http(api: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.url, timeout=10) as client:
        yield client


@pytest.fixture
async def stream(http: httpx2.AsyncClient) -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    """`await stream(path, headers)`: a client whose stream has begun."""
    clients: list[Client] = []

    async def stream(path: str, headers: dict[str, str], **more: str) -> Client:
        clients.append(Client(http, path, headers))
        return await clients[-1].open(**more)

    yield stream
    for client in clients:
        await client.drop()
