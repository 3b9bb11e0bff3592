"""The worker's processes: they outlive Temporal, replace each other, and end when told to."""

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
"""Seconds within which a parent and its processes start: three interpreters, one after another."""

pytestmark = pytest.mark.timeout(300)

START = """
import sys, worker, settings
if __name__ == "__main__":
    worker.main(settings.Settings(_env_file=None), int(sys.argv[1]), int(sys.argv[2]))
"""


@asynccontextmanager
async def crew(
    tmp_path: Path, dsn: str, address: str, processes: int
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The worker as `chairtime worker` runs it; yields it and where its health is asked for."""
    script, port = tmp_path / "start.py", ports.any_free()
    script.write_text(START)
    root = str(Path(__file__).parents[2])
    environment = {"DATABASE_URL": dsn, "TEMPORAL_ADDRESS": address, "PYTHONPATH": root}
    running = await asyncio.create_subprocess_exec(
        sys.executable, str(script), str(processes), str(port), env={**os.environ, **environment}
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


def below(pid: int) -> set[int]:
    """The processes that were started by this one and still run."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


@pytest.fixture(scope="module")
def own_temporal():
    with stack.temporal(persistent=True) as running:
        yield running


async def test_it_waits_for_temporal_works_and_ends_in_four_seconds(
    own_temporal: stack.RunningTemporal, tmp_path: Path, dsn: str, pool: Pool
):
    async with crew(tmp_path, dsn, own_temporal.address, 1) as (running, url):
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


async def test_a_dead_process_is_replaced_and_none_outlives_the_parent(
    own_temporal: stack.RunningTemporal, tmp_path: Path, dsn: str
):
    async with crew(tmp_path, dsn, own_temporal.address, 2) as (running, url):
        await until(lambda: answers(f"{url}/readyz", 200), STARTS_IN)
        first = below(running.pid)
        victim = max(first)
        os.kill(victim, signal.SIGKILL)

        async def replaced() -> bool:
            return len(below(running.pid) - {victim}) == len(first)

        await until(replaced, STARTS_IN)
        left = below(running.pid)
        running.kill()
        await running.wait()

        async def gone() -> bool:
            return not any(_runs(pid) for pid in left)

        await until(gone)


async def test_it_ends_in_four_seconds_while_temporal_is_away(
    own_temporal: stack.RunningTemporal, tmp_path: Path, dsn: str
):
    async with crew(tmp_path, dsn, own_temporal.address, 1) as (running, url):
        await until(lambda: answers(f"{url}/readyz", 200), STARTS_IN)
        with away(own_temporal):
            running.send_signal(signal.SIGTERM)
            began = time.monotonic()
            await running.wait()
            assert time.monotonic() - began < HANG


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
