from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from temporalio.client import Client

from tests.api.conftest import api as api
from tests.api.conftest import as_ as as_
from tests.api.conftest import home as home
from tests.api.conftest import settings as settings
from tests.webhooks.backend import Backend, Bot
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def backend(temporal, pool, dsn, settings) -> Backend:
    client = await Client.connect(temporal.address)
    return Backend(client, pool, dsn, settings, f"webhooks-{uuid4().hex[:8]}")


@pytest.fixture
async def bot(api, as_) -> Bot:
    """The demo data's chatbot."""
    return Bot(api, as_("agent", "chatbot"))
