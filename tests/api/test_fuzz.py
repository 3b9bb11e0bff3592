"""Every operation under generated input, once per role and under every check that the installed
schemathesis has: no server error, no answer that is not in the document. What it tries, and where a
check is wrong about us, is in fuzz.toml.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from api.auth import development
from embedded import ports, probe, stack
from embedded.process import Command, Process, wait_until
from settings import CHECKOUT, Settings
from tests.servers import TEMPLATE

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("fuzz.toml")

PHASES = {
    "patient": "examples,fuzzing,stateful",
    "agent": "examples,fuzzing,stateful",
    "dentist": "examples,fuzzing,stateful",
    "admin": "examples,coverage,fuzzing,stateful",
}
"""Coverage walks each bound of each field, two thousand of them. Whether these are read as they are
written is the same for every role, and only admins reach all of them.
"""

EXAMPLES = {"admin": 5}
"""Generated requests of each operation. Other roles send FEWER: the schemas are the same."""
FEWER = 3


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


@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", PHASES)
def test_no_input_surprises_the_api(role: str, server: tuple[str, Settings]):
    url, issuer = server
    command = [SCHEMATHESIS, "--config-file", CONFIG, "--no-color", "run", f"{url}/openapi.json"]
    tried = subprocess.run(
        [*command, "--phases", PHASES[role], "--max-examples", str(EXAMPLES.get(role, FEWER))],
        env=os.environ | {"TOKEN": development.token(issuer, role)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr


async def _create(postgres: stack.RunningPostgres, name: str) -> None:
    """The demo data, with a horizon that reaches the days of the document's examples."""
    connection = await asyncpg.connect(postgres.superuser_dsn())
    await connection.execute(f"create database {name} template {TEMPLATE} owner chairtime")
    await connection.close()
    connection = await asyncpg.connect(postgres.dsn(name))
    await connection.execute("update appointment_types set horizon = interval '2 years'")
    await connection.close()
