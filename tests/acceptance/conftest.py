import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from temporalio.client import Client

from db import demo
from db.migrate import migrate
from db.pool import connect, create_pool
from embedded import ports, stack, temporal_cli
from embedded.temporal import Temporal
from tests.acceptance.clinic import Clinic
from tests.acceptance.premises import Premises

LOSES_NOTHING = {"fsync": "off", "full_page_writes": "off"}
"""What is committed survives a kill -9 of Postgres, though not one of the machine."""

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """One system for all these tests, with servers of its own, since they get killed."""
    with stack.postgres(LOSES_NOTHING) as postgres, _temporal() as temporal:
        asyncio.run(_furnish(postgres.dsn()))
        premises = Premises(postgres, temporal, tmp_path_factory.mktemp("premises"))
        try:
            yield premises
        finally:
            premises.close()


@pytest.fixture
def premises(standing: Premises) -> Premises:
    """Whatever the test before has killed runs again."""
    standing.repair()
    return standing


@pytest.fixture
async def clinic(premises: Premises) -> AsyncIterator[Clinic]:
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with (
        await create_pool(premises.dsn, 8) as pool,
        httpx2.AsyncClient(timeout=20, limits=limits) as http,
    ):
        temporal = await Client.connect(premises.temporal.address)
        yield Clinic(premises, pool, temporal, http)


@pytest.fixture
def logs(standing: Premises) -> list[Path]:
    servers = (standing.postgres.log, standing.temporal.log)
    return [*standing.home.glob("*.log"), *servers]


@contextmanager
def _temporal() -> Iterator[stack.RunningTemporal]:
    """With a database file that survives a kill -9 of it: in memory where there is such a place,
    as one flush to a disk for each step would make it the slowest part by far.
    """
    parent = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="chairtime-", dir=parent) as directory:
        log, database = Path(directory) / "temporal.log", Path(directory) / "temporal.db"
        part = Temporal(temporal_cli.obtain(print), ports.any_free(), None, database)
        running = stack.RunningTemporal(part, log, part.start(log))
        try:
            yield running
        finally:
            running.stop()


async def _furnish(dsn: str) -> None:
    await migrate(dsn)
    connection = await connect(dsn, "template")
    await demo.load(connection)
    await connection.close()
