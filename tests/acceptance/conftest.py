import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from temporalio.client import Client

from db import demo
from db.migrate import migrate
from db.pool import connect, create_pool
from embedded import stack
from tests import roles
from tests.acceptance.clinic import Clinic
from tests.acceptance.premises import Premises

LOSES_NOTHING = {"fsync": "off", "full_page_writes": "off"}
"""What is committed survives a kill -9 of Postgres, though not one of the machine."""


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """One system for all these tests, with servers of its own, since they get killed."""
    with stack.postgres(LOSES_NOTHING) as postgres, stack.temporal(persistent=True) as temporal:
        roles.create(postgres.superuser_dsn())
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


async def _furnish(dsn: str) -> None:
    await migrate(dsn)
    connection = await connect(dsn, "template")
    await demo.load(connection)
    await connection.close()
