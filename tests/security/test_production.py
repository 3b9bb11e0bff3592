"""What is for development alone does not work in production."""

import secrets

import httpx2
import pytest

from api.app import create_app
from api.auth import development
from settings import Settings

ROLES = ("admin", "dentist", "desk", "patient", "agent")


@pytest.mark.parametrize("keys", ["published", "shared secret"])
async def test_production_accepts_no_token_of_the_development_issuer(
    keys, api_dsn, home, monkeypatch
):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    own = Settings(environment="development", chairtime_home=home, _env_file=None)
    production = Settings(
        environment="production",
        jwt_issuer="http://127.0.0.1:1" if keys == "published" else "https://issuer.example",
        jwt_secret=None if keys == "published" else secrets.token_hex(32),
        database_url=api_dsn,
        metrics_port=0,
        chairtime_home=home,
        _env_file=None,
    )
    app = create_app(production)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="https://chairtime"
        ) as client,
    ):
        for role in ROLES:
            headers = {"Authorization": f"Bearer {development.token(own, role)}"}
            answer = await client.get("/api/appointments", headers=headers)
            assert answer.status_code in (401, 503), role  # 503: no keys to compare with
            assert answer.status_code == 401 or keys == "published"
