"""The API over a database of its own. Temporal is away: bookings must not need it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from api.app import create_app
from api.auth import development
from settings import Settings


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def settings(api_dsn: str, home: Path) -> Settings:
    return Settings(
        environment="development",
        database_url=api_dsn,
        metrics_port=0,
        chairtime_home=home,
        public_url="http://chairtime",
        _env_file=None,
    )


@pytest.fixture
async def api(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a token; see `as_`."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    app = create_app(settings)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://chairtime") as client,
    ):
        yield client


@pytest.fixture
def as_(settings: Settings):
    """Headers of a caller: `as_("patient", "ana")`."""

    def headers(role: str, name: str | None = None, **more: str) -> dict[str, str]:
        token = development.token(settings, role, name)
        return {"Authorization": f"Bearer {token}", **more}

    return headers
