"""Kills each Postgres in the middle of its first start. The start of everything comes after it."""

import time

from tests.rehearsal.rehearsal import Failed
from tests.rehearsal.stack import Stack

SECONDS = 60
MOMENTS = {"postgres": "PG_VERSION", "temporal-postgres": "postmaster.pid"}
"""The file that is there: while `initdb` runs, and while the scripts make roles and databases."""


def interrupt(stack: Stack) -> str:
    for service, file in MOMENTS.items():
        stack.compose("up", "--detach", "--no-build", service)
        name = stack.of(service)[0].name
        _wait_for(stack, name, f'test -e "$PGDATA.new/{file}"')
        stack.engine.docker("kill", name)
        stack.engine.docker("start", name)
        _wait_for(stack, name, "pg_isready --quiet --host 127.0.0.1")
    return "killed during initdb, and while roles were made; each began anew"


def _wait_for(stack: Stack, name: str, test: str) -> None:
    until = time.monotonic() + SECONDS
    while stack.engine.docker("exec", name, "sh", "-c", test, check=False).returncode:
        if time.monotonic() > until:
            raise Failed(f"{name} does not come to: {test}")
