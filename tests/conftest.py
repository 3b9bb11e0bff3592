"""Real Postgres and a real Temporal server for every test that asks for them; both on free ports of
their own.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from typing import TypeAlias

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from db import demo
from db import pool as db_pool
from db.migrate import migrate
from db.outages import OutageLog
from db.pool import Pool, connect, create_pool
from embedded import ports, stack
from tests import optional, roles, servers
from tests.databases import Databases
from tests.servers import TEMPLATE
from tests.support import HANG

WITH_QUERY_TIMEOUT = (
    "db.pool",
    "services.alternatives",
    "services.coalescing",
    "api.events.event_log",
    "api.ops.probes",
)
"""Modules that bound a caller's wait for the database."""


Postgres: TypeAlias = stack.RunningPostgres | servers.PostgresServer

settings.register_profile("chairtime", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("chairtime")


def pytest_configure() -> None:
    """Workers side by side each have ports of their own to choose from. Ctrl-C reaches what tests
    start, also where this run is in the background of a shell, which ignores it there.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = len(ports.BELOW_EPHEMERAL) // workers
    ports.BELOW_EPHEMERAL = ports.BELOW_EPHEMERAL[worker * share : (worker + 1) * share]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("optional"):
        optional.needed(*mark.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in reports]
    lines = optional.missing(reasons)
    if lines:
        terminalreporter.section("skipped for want of optional parts")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def generous_timeouts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stalls for seconds makes no answer a 503, and no query a time-out, but in
    tests that are marked `real_timeouts`.
    """
    if request.node.get_closest_marker("real_timeouts"):
        return
    monkeypatch.setattr(db_pool, "ACQUIRE_TIMEOUT", HANG)
    monkeypatch.setitem(db_pool.POOLED, "statement_timeout", str(int(HANG * 1000)))
    for module in filter(None, map(sys.modules.get, WITH_QUERY_TIMEOUT)):
        monkeypatch.setattr(module, "QUERY_TIMEOUT", HANG)


@pytest.fixture(autouse=True)
def no_outage_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test's first outage is logged, though one of a test before was."""
    log = logging.getLogger("db.pool")
    monkeypatch.setattr(db_pool, "OUTAGE", OutageLog(log, "the database is unavailable"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests, with a migrated database TEMPLATE that holds the demo data."""
    with servers.postgres() as running:
        roles.create(running.superuser_dsn())
        asyncio.run(_make_template(running))
        yield running
        asyncio.run(_run(running, f"drop database {TEMPLATE}"))


@pytest.fixture(scope="session")
def databases(postgres: Postgres) -> Iterator[Databases]:
    databases = Databases(postgres.superuser_dsn())
    yield databases
    databases.close()


@pytest.fixture
def dsn(postgres: Postgres, databases: Databases) -> Iterator[str]:
    """A database of this test alone."""
    name = databases.take()
    yield postgres.dsn(name)
    databases.give_back(name)


@pytest.fixture
def api_dsn(dsn: str) -> str:
    """The test's database, with the rights of the API's role."""
    return roles.dsn_of("chairtime_api", dsn)


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    async with await create_pool(dsn, 16) as pool:
        yield pool


@pytest.fixture(scope="session")
def temporal() -> Iterator[stack.RunningTemporal | servers.TemporalServer]:
    """One Temporal dev server for all tests; those that kill a server start their own."""
    with servers.temporal() as running:
        yield running


async def _make_template(running: Postgres) -> None:
    await _run(running, f"create database {TEMPLATE} owner chairtime")
    dsn = running.dsn(TEMPLATE)
    await migrate(dsn)
    connection = await connect(dsn, "template")
    await demo.load(connection)
    await connection.execute("delete from outbox")  # each test's log begins with the test
    await connection.close()


async def _run(running: Postgres, sql: str) -> None:
    connection = await asyncpg.connect(running.superuser_dsn())
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
