"""The worker waits for Temporal, survives its outages, and ends when told to."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest
from temporalio.client import Client

from db.pool import Pool
from embedded import ports, stack
from tests.support import HANG
from tests.workflows.desk import Desk, until
from workflows import TASK_QUEUE

STARTS_IN = 3 * HANG
"""Seconds within which a worker starts."""

pytestmark = pytest.mark.timeout(300)

START = """
import sys, worker, settings
if __name__ == "__main__":
    worker.main(settings.Settings(_env_file=None), int(sys.argv[1]))
"""


@asynccontextmanager
async def crew(
    tmp_path: Path, dsn: str, address: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The worker as `chairtime worker` runs it; yields it and where its health is asked for."""
    script, port = tmp_path / "start.py", ports.any_free()
    script.write_text(START)
    root = str(Path(__file__).parents[2])
    environment = {"DATABASE_URL": dsn, "TEMPORAL_ADDRESS": address, "PYTHONPATH": root}
    running = await asyncio.create_subprocess_exec(
        sys.executable, str(script), str(port), env={**os.environ, **environment}
    )
    try:
        yield running, f"http://127.0.0.1:{port}"
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


@contextmanager
def away(temporal: stack.RunningTemporal) -> Iterator[None]:
    temporal.kill()
    try:
        yield
    finally:
        temporal.start()


async def answers(url: str, status: int) -> bool:
    async with httpx2.AsyncClient(timeout=2) as http:
        try:
            return (await http.get(url)).status_code == status
        except httpx2.TransportError:
            return False


@pytest.fixture(scope="module")
def own_temporal():
    with stack.temporal(persistent=True) as running:
        yield running


async def test_it_waits_for_temporal_works_and_ends_in_four_seconds(
    own_temporal: stack.RunningTemporal, tmp_path: Path, dsn: str, pool: Pool
):
    async with crew(tmp_path, dsn, own_temporal.address) as (running, url):
        with away(own_temporal):
            await until(lambda: answers(f"{url}/livez", 200), STARTS_IN)
            assert await answers(f"{url}/readyz", 503)
            assert await answers(f"{url}/elsewhere", 404)

        await until(lambda: answers(f"{url}/readyz", 200), STARTS_IN)
        desk = Desk(await Client.connect(own_temporal.address), pool, TASK_QUEUE)
        id = await desk.hold()
        assert (await (await desk.start(id, "release")).result()).status == "released"

        running.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert await running.wait() == 0
        assert time.monotonic() - began < HANG


async def test_it_ends_in_four_seconds_while_temporal_is_away(
    own_temporal: stack.RunningTemporal, tmp_path: Path, dsn: str
):
    async with crew(tmp_path, dsn, own_temporal.address) as (running, url):
        await until(lambda: answers(f"{url}/readyz", 200), STARTS_IN)
        with away(own_temporal):
            running.send_signal(signal.SIGTERM)
            began = time.monotonic()
            await running.wait()
            assert time.monotonic() - began < HANG
