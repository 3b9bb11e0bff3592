"""The API on a socket, and the official client of the protocol with real tokens."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from api.auth import development, tokens
from realtime import stream as realtime_stream
from settings import Settings
from tests.mcp.client import Caller
from tests.realtime.server import Running, serving

ERAS = {"2026": "auto", "2025": "legacy"}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def settings(dsn: str, home: Path) -> Settings:
    return Settings(
        environment="development",
        database_url=dsn,
        database_pool_size=4,
        metrics_port=0,
        chairtime_home=home,
        _env_file=None,
    )


@pytest.fixture
async def api(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with serving(settings) as running:
        yield running


@pytest.fixture
def caller(settings: Settings, api: Running) -> Caller:
    return Caller(settings, api.url)


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return ERAS[request.param]


@pytest.fixture
def streams_outlive_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams open at the time at which tokens that are made now expire."""
    expired = time.time() + development.LIFETIME + tokens.LEEWAY
    monkeypatch.setattr(realtime_stream, "time", SimpleNamespace(time=lambda: expired))
