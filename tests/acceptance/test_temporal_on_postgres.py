"""Bookings live on Temporal's own server and schema as they do on the development server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from temporalio.client import Client

from db import demo
from db.pool import create_pool
from embedded import stack
from tests import roles
from tests.acceptance import temporal_server
from tests.acceptance.clinic import Clinic
from tests.acceptance.conftest import LOSES_NOTHING
from tests.acceptance.premises import Premises
from tests.operations.command import chairtime
from tests.workflows.desk import until
from workflows import workflow_id
from workflows.comparison import compare

LIVES = (
    ["hold"],
    ["hold", "confirm"],
    ["hold", "confirm", "cancel"],
    ["hold", "release"],
    ["hold", "expire"],
)


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    with stack.postgres(LOSES_NOTHING) as postgres, temporal_server.running() as temporal:
        roles.create(postgres.superuser_dsn())
        code, said = await chairtime("migrate", dsn=postgres.dsn(), temporal=temporal.address)
        assert code == 0, said
        assert "cannot register" not in said
        premises = Premises(postgres, temporal, tmp_path)
        async with await create_pool(premises.dsn, 4) as pool, httpx2.AsyncClient() as http:
            async with pool.acquire() as connection:
                await demo.load(connection)
            try:
                await asyncio.gather(premises.one.start(), premises.worker.start())
                yield Clinic(premises, pool, await Client.connect(temporal.address), http)
            finally:
                premises.close()


@pytest.mark.optional("initdb")
@pytest.mark.optional("temporal-server")
async def test_bookings_live_and_are_listed_on_temporals_own_server(clinic: Clinic):
    short = 2.0
    bookings = [await clinic.live(verbs, short if "expire" in verbs else 300) for verbs in LIVES]
    await clinic.lived({it.id: verbs for it, verbs in zip(bookings, LIVES, strict=True)})

    held, booked, cancelled, released, expired = (workflow_id(it.id) for it in bookings)
    await until(lambda: lists(clinic, 'BookingStatus="held"', {held}), 20)
    await until(lambda: lists(clinic, 'BookingStatus="booked"', {booked}), 20)
    await until(lambda: lists(clinic, 'ExecutionStatus="Running"', {held, booked}), 20)
    over = 'BookingStatus in ("cancelled", "released", "expired")'
    await until(lambda: lists(clinic, over, {cancelled, released, expired}), 20)
    dentist = bookings[1].slot.dentist
    assert booked in await listed(
        clinic, f'DentistId="{dentist}" and SlotStart > "2026-01-01T00:00:00Z"'
    )

    async with clinic.pool.acquire() as connection:
        assert not await compare(connection, clinic.temporal, settled_after=0)


async def lists(clinic: Clinic, query: str, ids: set[str]) -> bool:
    return await listed(clinic, query) == ids


async def listed(clinic: Clinic, query: str) -> set[str]:
    ours = f'WorkflowType="BookingWorkflow" and {query}'
    return {each.id async for each in clinic.temporal.list_workflows(ours)}
