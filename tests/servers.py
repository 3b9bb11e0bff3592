"""Postgres and Temporal for a run of tests: servers of its own, or those that a parent process
shares with several runs by the variable SHARED.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from embedded import stack
from embedded.postgres import Postgres

SHARED = "CHAIRTIME_TEST_SERVERS"
"""JSON: Postgres' data directory and port, and Temporal's address."""

TEMPLATE = f"template_chairtime_{os.getpid()}"
"""The database that each test's own is copied from; each run migrates one."""


class PostgresServer(NamedTuple):
    """What tests need of a server that they neither stop nor start."""

    part: Postgres

    def dsn(self, database: str) -> str:
        return self.part.dsn(database)

    def superuser_dsn(self, database: str = "postgres") -> str:
        return self.part.dsn(database, stack.SUPERUSER)


class TemporalServer(NamedTuple):
    address: str


@contextmanager
def postgres() -> Iterator[stack.RunningPostgres | PostgresServer]:
    if SHARED in os.environ:
        shared = json.loads(os.environ[SHARED])
        yield PostgresServer(Postgres(Path(shared["data"]), shared["port"]))
        return
    with stack.postgres() as running:
        yield running


@contextmanager
def temporal() -> Iterator[stack.RunningTemporal | TemporalServer]:
    if SHARED in os.environ:
        yield TemporalServer(json.loads(os.environ[SHARED])["temporal"])
        return
    with stack.temporal() as running:
        yield running


@contextmanager
def shared(*, with_temporal: bool) -> Iterator[dict[str, str]]:
    """Runs servers, and yields the environment in which other processes use them."""
    with ExitStack() as running:
        part = running.enter_context(stack.postgres()).part
        address = running.enter_context(stack.temporal()).address if with_temporal else ""
        shared = {"data": str(part.data), "port": part.port, "temporal": address}
        yield {SHARED: json.dumps(shared)}
