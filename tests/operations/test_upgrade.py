"""From the last release to this version without a pause: its processes work on the new schema, and
its open bookings go on under the new workflow code.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from api.auth import development
from db import demo
from db.migrate import migrate
from db.pool import connect, create_pool
from embedded import ports, probe, stack
from embedded.process import Command, Process, wait_until
from settings import Settings
from tests.operations.release import check_out
from tests.support import AMARA, LENA, MATEO
from tests.workflows.desk import Desk, has_read, until
from tests.workflows.planted import AskingFirst, NotingFirst
from tests.workflows.test_replay import SANDBOX
from workflows import TASK_QUEUE
from workflows.booking import BookingWorkflow

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return check_out(tmp_path_factory.mktemp("release"))


@pytest.fixture
def own_temporal() -> Iterator[stack.RunningTemporal]:
    with stack.temporal() as running:
        yield running


@pytest.fixture
async def old_database(postgres, release: Path, tmp_path: Path) -> AsyncIterator[str]:
    """As the release has left it: its schema, with people."""
    name = f"release_{tmp_path.name.replace('-', '_')[:40]}"
    superuser = await asyncpg.connect(postgres.superuser_dsn())
    await superuser.execute(f"create database {name} owner chairtime")
    await migrate(postgres.dsn(name), release / "migrations")
    connection = await connect(postgres.dsn(name), "test")
    await demo.load(connection)
    await connection.close()
    yield postgres.dsn(name)
    await superuser.execute(f"drop database {name} with (force)")
    await superuser.close()


@dataclass
class Old:
    """Processes of the release."""

    release: Path
    dsn: str
    home: Path
    temporal: str = "127.0.0.1:9"

    @contextlib.asynccontextmanager
    async def running(self, *arguments: str, port: int) -> AsyncIterator[Process]:
        environment = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": self.dsn,
            "TEMPORAL_ADDRESS": self.temporal,
            "CHAIRTIME_HOME": str(self.home),
            "METRICS_PORT": "0",
            "HOST": ports.HOST,
            "PORT": str(port),
            "PYTHONPATH": str(self.release),
        }
        command = Command(
            [sys.executable, "-m", "cli", *arguments], environment, directory=self.release
        )
        process = Process(command, self.home / f"{arguments[0]}.log")
        try:
            ready = lambda: probe.get(port, "/readyz") is not None  # noqa: E731
            await asyncio.to_thread(wait_until, ready, process, 90)
            yield process
        finally:
            await asyncio.to_thread(process.stop)

    @contextlib.asynccontextmanager
    async def api(self) -> AsyncIterator[httpx2.AsyncClient]:
        port = ports.any_free()
        async with (
            self.running("api", port=port),
            httpx2.AsyncClient(base_url=f"http://{ports.HOST}:{port}", timeout=20) as http,
        ):
            settings = Settings(environment="development", chairtime_home=self.home, _env_file=None)
            http.headers["Authorization"] = f"Bearer {development.token(settings, 'admin')}"
            yield http

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[Process]:
        port = ports.any_free()
        async with self.running("worker", "--health-port", str(port), port=port) as process:
            yield process


class Visits:
    """Bookings over HTTP, each at a time of its own."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._numbers = count()

    async def hold(self) -> str:
        nth, dentist = divmod(next(self._numbers), 3)
        slots = Desk(None, None, "")
        for _ in range(nth):
            slots.next_slot()
        body = {
            "dentist_id": str((AMARA, LENA, MATEO)[dentist]),
            "patient_id": str(await self._patient()),
            "appointment_type": "consultation",
            "starts_at": slots.next_slot().isoformat(),
        }
        return (await self._post("/api/availability/reserve", 201, body))["id"]

    async def confirm(self, id: str) -> None:
        answer = await self._post(f"/api/appointments/{id}/confirm", 200)
        assert answer["status"] == "booked"

    async def cancel(self, id: str) -> None:
        body = {"reason": "clinic_request"}
        answer = await self._post(f"/api/appointments/{id}/cancel", 200, body)
        assert answer["status"] == "cancelled"

    async def _patient(self) -> str:
        body = {"full_name": "Somebody New", "role": "patient"}
        return (await self._post("/api/profiles", 201, body))["id"]

    async def _post(self, path: str, status: int, body: Any = None) -> Any:
        """Repeats a 503 twice: a machine that stalls causes one, locks for seconds cause more."""
        for _ in range(3):
            answer = await self._http.post(path, json=body)
            if answer.status_code != 503:
                break
        assert answer.status_code == status, answer.text
        return answer.json()


async def test_old_processes_work_on_the_new_schema_and_new_workers_take_over(
    release, old_database, own_temporal, tmp_path
):
    await migrate(old_database)
    old = Old(release, old_database, tmp_path, own_temporal.address)
    client = await Client.connect(own_temporal.address)
    async with old.api() as http, await create_pool(old_database, 4) as pool:
        visits, desk = Visits(http), Desk(client, pool, TASK_QUEUE)
        async with old.worker():
            ended, booked, held = [await visits.hold() for _ in range(3)]
            await visits.confirm(ended)
            await visits.cancel(ended)
            await visits.confirm(booked)
            assert (await desk.handle(ended).result()).status == "cancelled"
            await until(lambda: has_read(desk.handle(booked), 2))
            await until(lambda: has_read(desk.handle(held), 1))

        async with desk.working():  # this version's workflow code replays what the old one wrote
            await until(lambda: has_read(desk.handle(booked), 2))
            await visits.confirm(held)
            await visits.cancel(booked)
            for id in (held, booked):
                await desk.handle(id).signal("look")  # in place of the dispatcher
            assert (await desk.handle(booked).result()).status == "cancelled"
            await until(lambda: has_read(desk.handle(held), 2))


async def test_bookings_go_on_while_the_schema_is_migrated(release, old_database, tmp_path):
    """No request fails while each migration since the release runs."""
    old = Old(release, old_database, tmp_path)
    async with old.api() as http:
        visits, done, booked = Visits(http), asyncio.Event(), []

        async def book() -> None:
            while not done.is_set():
                id = await visits.hold()
                await visits.confirm(id)
                await visits.cancel(id)
                booked.append(id)

        async def bookings_go_on() -> None:
            wanted = len(booked) + 8

            async def went_on() -> bool:
                return len(booked) >= wanted

            await until(went_on)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(4):
                tasks.create_task(book())
            await bookings_go_on()
            await migrate(old_database)
            await bookings_go_on()
            done.set()


def histories(release: Path) -> list[Path]:
    return sorted((release / "tests" / "workflows" / "histories").glob("*.json"))


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text())


async def test_histories_of_the_release_replay(release):
    recorded = histories(release)
    assert len(recorded) > 15
    for file in recorded:
        replayer = Replayer(workflows=[BookingWorkflow], workflow_runner=SANDBOX)
        await replayer.replay_workflow(history(file))


@pytest.mark.parametrize("planted", [NotingFirst, AskingFirst])
async def test_a_change_that_breaks_bookings_of_the_release_is_caught(release, planted):
    replayer = Replayer(workflows=[planted], workflow_runner=UnsandboxedWorkflowRunner())
    for file in histories(release)[:3]:
        with pytest.raises(NondeterminismError):
            await replayer.replay_workflow(history(file))
