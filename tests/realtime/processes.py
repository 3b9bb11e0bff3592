"""API processes of a test's own, which can be killed; Temporal is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from embedded import ports
from settings import Settings
from tests.acceptance.premises import Part


def process(settings: Settings, name: str, dsn: str | None = None) -> Part:
    """`chairtime api`, not yet started; by another way to Postgres where that is given."""
    port, metrics = ports.any_free(), ports.any_free()
    environment = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": dsn or settings.database_url.get_secret_value(),
        "DATABASE_POOL_SIZE": "4",
        "TEMPORAL_ADDRESS": f"{ports.HOST}:1",
        "CHAIRTIME_HOME": str(settings.chairtime_home),
        "HOST": ports.HOST,
        "PORT": str(port),
        "METRICS_PORT": str(metrics),
    }
    return Part(["api"], environment, port, settings.chairtime_home / f"{name}.log", metrics)


@asynccontextmanager
async def running(*parts: Part) -> AsyncIterator[None]:
    """Started side by side, and those that still run stopped in the end."""
    try:
        await asyncio.gather(*(part.start() for part in parts))
        yield
    finally:
        await asyncio.gather(*(asyncio.to_thread(part.stop) for part in parts if part.running))


async def leads(part: Part) -> bool:
    """Whether the relay of this process is the one that relays."""
    async with httpx2.AsyncClient() as http:
        answer = await http.get(f"http://{ports.HOST}:{part.metrics_port}/metrics")
    return "chairtime_relay_leader 1.0" in answer.text
