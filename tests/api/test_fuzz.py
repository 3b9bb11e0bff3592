"""Every operation under generated input, once per role: no server error, no undocumented answer."""

import asyncio
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup

from api import development
from embedded import ports, probe, stack
from embedded.process import Command, Process, wait_until
from settings import CHECKOUT, Settings

EXAMPLES = 8
"""Per operation and role: a thousand and a half in all; `make check` is no place for more."""

ROLES = ("admin", "dentist", "patient", "agent")
STREAMS = r"/events$"
"""Streams have no end; tests/realtime is about them."""

CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def server(postgres: stack.RunningPostgres, tmp_path_factory) -> Iterator[tuple[str, Settings]]:
    """An API process over a database of its own; Temporal is away."""
    home = tmp_path_factory.mktemp("fuzz")
    name = f"fuzz_{uuid4().hex[:8]}"
    asyncio.run(_create(postgres, name))
    port = ports.any_free()
    environment = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": postgres.dsn(name),
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        "CHAIRTIME_HOME": str(home),
        "METRICS_PORT": "0",
        "PORT": str(port),
    }
    argv = [sys.executable, "-m", "cli", "api"]
    process = Process(Command(argv, environment, directory=CHECKOUT), home / "api.log")
    wait_until(lambda: probe.get(port, "/readyz") is not None, process, 60)
    yield f"http://127.0.0.1:{port}", Settings(environment="development", chairtime_home=home)
    process.stop()


@pytest.mark.parametrize("role", ROLES)
def test_no_input_surprises_the_api(role: str, server: tuple[str, Settings]):
    url, issuer = server
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json").exclude(path_regex=STREAMS)
    headers = {"Authorization": f"Bearer {development.token(issuer, role)}"}
    failures = [
        failure
        for found in schema.get_all_operations()
        if (failure := _tried(found.ok(), headers)) is not None
    ]
    assert not failures, "\n\n".join(failures)


def _tried(operation: Any, headers: dict[str, str]) -> str | None:
    """What one operation did wrong, or null."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    try:
        attempt()
    except (FailureGroup, AssertionError) as failure:
        return f"{operation.label}\n{failure}"
    return None


async def _create(postgres: stack.RunningPostgres, name: str) -> None:
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    await connection.execute(f"create database {name} template template_chairtime")
    await connection.close()
