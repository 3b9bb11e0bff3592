"""A command that the database refuses says so in one line."""

from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from tests.operations.command import chairtime

NO_DATABASE = "postgresql://nobody@127.0.0.1:9/nothing"


@pytest.mark.parametrize("command", ["migrate", "restored"])
async def test_the_login_of_the_api_is_refused_in_one_line(api_dsn: str, command: str):
    code, said = await chairtime(command, dsn=api_dsn)
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith(f"chairtime {command}: permission denied")
    assert "use the login of the schema's owner" in said


async def test_a_database_that_is_away_is_said_in_one_line():
    code, said = await chairtime("migrate", dsn=NO_DATABASE)
    assert (code, said.count("\n")) == (1, 1), said
    assert "does Postgres run?" in said


async def test_a_database_without_the_schema_is_said_in_one_line(postgres):
    """Somebody forgot to restore the backup, or named another database."""
    name = f"empty_{uuid4().hex[:8]}"
    administrator = await asyncpg.connect(postgres.superuser_dsn())
    try:
        await administrator.execute(f"create database {name}")
        dsn = urlsplit(postgres.superuser_dsn())._replace(path=f"/{name}").geturl()
        code, said = await chairtime("restored", dsn=dsn)
    finally:
        await administrator.execute(f"drop database {name} with (force)")
        await administrator.close()
    assert (code, said.count("\n")) == (1, 1), said
    assert "restore the backup into this database" in said


async def test_a_namespace_that_temporal_does_not_have_is_named(dsn, temporal, monkeypatch):
    """The new epoch is said all the same: it has begun."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    code, said = await chairtime("restored", dsn=dsn, temporal=temporal.address)
    assert code == 1
    assert "Traceback" not in said
    assert "New event epoch" in said
    assert "Namespace nowhere is not found" in said
    assert "TEMPORAL_NAMESPACE" in said


@pytest.mark.parametrize(
    "command", [["dev", "--ephemeral"], ["demo-data"], ["token", "--role", "admin"]], ids=" ".join
)
async def test_what_is_for_development_alone_is_refused_in_production(dsn, monkeypatch, command):
    monkeypatch.setenv("ENVIRONMENT", "production")
    code, said = await chairtime(*command, dsn=dsn)
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith(f"chairtime {command[0]}: ")
    assert "production" in said or "ENVIRONMENT=development" in said


async def test_a_database_beside_an_issuer_counts_as_production(dsn, monkeypatch):
    """As where `make dev` is run beside the `.env` of a production system."""
    monkeypatch.setenv("JWT_ISSUER", "https://issuer.example")
    code, said = await chairtime("dev", "--ephemeral", dsn=dsn)
    assert (code, said.count("\n")) == (1, 1), said
    assert "unset DATABASE_URL" in said


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("HOLD_TOKEN_SECRET", "short"),
        ("JWT_SECRET", "short"),
        ("JWKS_URL", "http://issuer.example"),
        ("DATABASE_POOL_SIZE", "many"),
        ("PUBLIC_URL", "issuer.example/path"),
    ],
)
async def test_a_wrong_setting_is_named_in_one_line_without_its_value(
    dsn, monkeypatch, setting, value
):
    monkeypatch.setenv("JWT_ISSUER", "https://issuer.example")
    monkeypatch.setenv(setting, value)
    code, said = await chairtime("api", dsn=dsn)
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith("chairtime: wrong settings: ")
    assert setting in said.upper()
    assert value not in said
