from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from temporalio.client import Client

from db.pool import Pool
from embedded import stack
from tests.workflows.desk import Desk


@pytest.fixture
async def desk(temporal: stack.RunningTemporal, pool: Pool) -> Desk:
    """Its own database and its own task queue; nobody works on it yet."""
    client = await Client.connect(temporal.address)
    return Desk(client, pool, f"bookings-{uuid4().hex[:8]}")


@pytest.fixture
async def working(desk: Desk) -> AsyncIterator[None]:
    async with desk.working():
        yield
