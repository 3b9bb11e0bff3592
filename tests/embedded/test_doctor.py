"""The doctor finds what would keep the system from working, and nothing else."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from embedded import doctor, stack
from tests.pooler import pgbouncer

CHECKOUT = Path(__file__).resolve().parents[2]


def ask(**environment: str) -> tuple[int, dict[str, dict[str, object]]]:
    done = subprocess.run(
        [sys.executable, "-m", "cli", "doctor", "--json"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, **environment},
    )
    return done.returncode, {finding["name"]: finding for finding in json.loads(done.stdout)}


def test_on_embedded_defaults_all_is_well(directory: Path) -> None:
    code, findings = ask(CHAIRTIME_HOME=str(directory))

    assert code == 0
    assert findings["Embedded Postgres"]["ok"]
    assert findings["Development stack"]["found"] == "not running"


def test_a_database_and_a_temporal_that_do_not_answer_are_named_with_a_remedy() -> None:
    with socket.socket() as deaf:  # has the port, and does not listen
        deaf.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{deaf.getsockname()[1]}"

        code, findings = ask(DATABASE_URL=f"postgresql://{nobody}/x", TEMPORAL_ADDRESS=nobody)

    assert code == 1
    for name in ("Database", "Temporal"):
        assert not findings[name]["ok"]
        assert findings[name]["remedy"]


def test_a_login_that_is_a_superuser_is_advised_against(postgres: stack.RunningPostgres) -> None:
    _, own = ask(DATABASE_URL=postgres.dsn("postgres"))
    _, superuser = ask(DATABASE_URL=postgres.superuser_dsn())

    assert own["Database role"]["found"] == "chairtime"
    assert own["Database role"]["remedy"] is None
    assert "a superuser" in str(superuser["Database role"]["found"])
    assert "docs/database.md" in str(superuser["Database role"]["remedy"])


def test_a_database_that_lacks_migrations_is_told_how_to_get_them(
    postgres: stack.RunningPostgres,
) -> None:
    code, findings = ask(DATABASE_URL=postgres.dsn("postgres"))

    assert code == 0
    assert findings["Database"]["ok"]
    assert "to be applied" in findings["Migrations"]["found"]


@pytest.mark.optional("pgbouncer")
@pytest.mark.parametrize(("mode", "fine"), [("session", True), ("transaction", False)])
def test_a_transaction_pooler_is_refused(
    postgres: stack.RunningPostgres, directory: Path, mode: str, fine: bool
) -> None:
    with pgbouncer(postgres, directory, mode) as port:
        dsn = f"postgresql://chairtime@127.0.0.1:{port}/postgres"
        database, *_ = asyncio.run(doctor._database(dsn))

    assert database.ok is fine
