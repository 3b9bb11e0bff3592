"""`chairtime dev` as a newcomer meets it: one command, and nothing left after it."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
from temporalio.client import Client

from db.migrate import migrate
from db.pool import connect
from embedded import paths, ports, probe, stack, web_ui
from tests.support import HANG
from workflows import BOOKING_STATUS, DENTIST_ID, SLOT_START

CHECKOUT = Path(__file__).resolve().parents[2]
EXTERNAL = {"DATABASE_URL", "TEMPORAL_ADDRESS", "ENVIRONMENT"}
pytestmark = pytest.mark.timeout(300)  # three starts in one test, on a machine that may be busy
Alive = Callable[[int], bool]
Eventually = Callable[[Callable[[], bool], float], None]


class Dev:
    """A running `chairtime dev` over a home of its own."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.home = home
        self.started: dict[str, int] = {}
        wanted = {"PORT": str(ports.any_free()), "METRICS_PORT": str(ports.any_free())}
        without = {key: value for key, value in os.environ.items() if key not in EXTERNAL}
        self._log = home.parent / f"{uuid4().hex}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "dev", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=CHECKOUT,
                env={**without, **wanted, "CHAIRTIME_HOME": str(home), **environment},
            )

    def wait(self) -> "Dev":
        deadline = time.monotonic() + 90
        while not (self.home / "dev.json").exists() or "Ctrl-C" not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)
        self.started = self.record["processes"]
        return self

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def record(self) -> dict[str, dict[str, str]]:
        return json.loads((self.home / "dev.json").read_text())

    @property
    def api_port(self) -> int:
        return urlsplit(self.record["api"]["url"]).port

    def serves(self) -> bool:
        return probe.get(self.api_port, "/readyz", seconds=5) is not None

    def calls(self) -> list[str]:
        """What it shows to be pasted."""
        return [line for line in self.output.splitlines() if line.startswith("curl ")]

    def statuses(self) -> list[str]:
        """Of the patient's appointments."""
        found = re.search(r"Bearer ([\w.-]+)'", self.output)
        answer = probe.get(self.api_port, "/api/appointments", found and found.group(1), 5)
        assert answer
        return [each["status"] for each in answer.json()["items"]]

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)


@pytest.fixture(scope="module")
def shared() -> Iterator[Dev]:
    """One stack for the tests that leave it running."""
    directory = paths.temporary()
    dev = Dev(directory / "shared", "--ephemeral")
    yield dev.wait()
    dev.end()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def start(directory: Path) -> Iterator[Callable[..., Dev]]:
    """Starts stacks that have ended when the test ends."""
    running: list[Dev] = []

    def begin(*arguments: str, **environment: str) -> Dev:
        running.append(Dev(directory / "home", *arguments, **environment))
        return running[-1]

    yield begin
    for dev in running:
        dev.end()


def test_a_second_one_in_the_same_checkout_is_refused(shared: Dev) -> None:
    second = Dev(shared.home)
    second.process.wait(30)
    second.end()

    assert second.process.returncode == 1
    assert "already running" in second.output
    assert shared.serves()


@pytest.mark.optional("curl")
def test_the_calls_that_it_shows_work_as_pasted(shared: Dev) -> None:
    dentists, reserve, stream = shared.calls()

    assert json.loads(subprocess.check_output(dentists, shell=True))
    assert json.loads(subprocess.check_output(reserve, shell=True))["status"] == "held"
    with subprocess.Popen(["sh", "-c", f"exec {stream}"], stdout=subprocess.PIPE) as curl:
        seen = b""
        while b"appointment.expired" not in seen:
            line = curl.stdout.readline()
            assert line
            seen += line
        curl.terminate()
    assert b"appointment.held" in seen


async def test_the_web_ui_lists_the_demo_bookings_with_what_its_columns_show(shared: Dev) -> None:
    connection = await connect(shared.record["database"]["url"], "test")
    booked = await connection.fetchval("select count(*) from appointments where status = 'booked'")
    client = await Client.connect(shared.record["temporal"]["address"])
    async with asyncio.timeout(90):
        while (await client.count_workflows(web_ui.BOOKED)).count < booked:  # noqa: ASYNC110
            await asyncio.sleep(0.2)

    listed = await anext(client.list_workflows(web_ui.BOOKED, limit=1))
    row = await connection.fetchrow(
        "select * from appointments where id = $1", UUID(listed.id.removeprefix("booking-"))
    )
    shown = listed.typed_search_attributes
    assert shown[BOOKING_STATUS] == row["status"]
    assert shown[DENTIST_ID] == str(row["dentist_id"])
    assert shown[SLOT_START] == row["starts_at"]
    await connection.close()


def test_all_scenarios_of_the_demo_pass(shared: Dev) -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "cli", "demo"],
        cwd=CHECKOUT,
        env={**os.environ, "CHAIRTIME_HOME": str(shared.home)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr


def test_the_table_gives_the_query_and_the_columns_of_the_web_ui(shared: Dev) -> None:
    assert "workflows?query=BookingStatus%3D%22booked%22" in shared.output
    assert "BookingStatus, DentistId, SlotStart" in shared.output
    readme = (CHECKOUT / "README.md").read_text()
    for words in (web_ui.BOOKED, *web_ui.COLUMNS.split(", ")):
        assert f"`{words}`" in readme


def test_a_part_that_is_killed_comes_back(shared: Dev, eventually: Eventually) -> None:
    for name, pid in shared.started.items():
        os.kill(pid, signal.SIGKILL)
        eventually(lambda name=name, pid=pid: shared.record["processes"][name] != pid, 15)
        assert f"{name} was ended by SIGKILL" in shared.output

    eventually(shared.serves, 30)


def test_a_kill_leaves_no_process_and_loses_no_booking_and_signals_end_it(
    shared: Dev, start: Callable[..., Dev], alive: Alive, eventually: Eventually
) -> None:
    """One test, as each start of the whole stack takes seconds."""
    dev = start().wait()
    _, reserve, _ = dev.calls()
    assert json.loads(subprocess.check_output(reserve, shell=True))["status"] == "held"

    dev.process.kill()
    eventually(lambda: not any(map(alive, dev.started.values())), 5)

    again = start().wait()
    eventually(lambda: again.statuses() == ["expired"], 15)
    assert_ends_alone(again, signal.SIGINT, alive, shared)

    empty = start("--reset").wait()
    assert empty.statuses() == []
    assert_ends_alone(empty, signal.SIGTERM, alive, shared)


def assert_ends_alone(dev: Dev, how: signal.Signals, alive: Alive, neighbour: Dev) -> None:
    """The signal ends all processes of `dev`, and none of its neighbour's."""
    assert set(dev.started) == {"postgres", "temporal", "worker", "api"}
    asked = time.monotonic()
    dev.end(how)
    assert time.monotonic() - asked < HANG
    assert dev.process.returncode == 0
    assert not any(map(alive, dev.started.values()))
    assert not (dev.home / "dev.json").exists()
    assert neighbour.serves()


def test_data_of_another_schema_is_refused_in_one_line(start: Callable[..., Dev]) -> None:
    async def of_another(dsn: str) -> None:
        await migrate(dsn)
        connection = await asyncpg.connect(dsn)
        await connection.execute("update chairtime.schema_migrations set checksum = 'another'")
        await connection.close()

    with stack.postgres() as postgres:
        asyncio.run(of_another(postgres.dsn()))
        dev = start(DATABASE_URL=postgres.dsn())
        assert dev.process.wait(30) == 1
    assert 'make dev ARGS="--reset" starts empty' in dev.output
    assert "Traceback" not in dev.output


def test_what_is_given_is_not_started_and_a_port_in_use_is_passed_over(
    start: Callable[..., Dev],
) -> None:
    with (
        stack.postgres() as postgres,
        stack.temporal() as temporal,
        socket.create_server(("127.0.0.1", 0)) as taken,
    ):
        port = taken.getsockname()[1]
        given = {"DATABASE_URL": postgres.dsn(), "TEMPORAL_ADDRESS": temporal.address}
        dev = start(PORT=str(port), **given).wait()

        assert set(dev.started) == {"worker", "api"}
        assert dev.record["database"]["url"] == postgres.dsn()
        assert dev.api_port != port
        assert f"port {port} is in use" in dev.output
        assert dev.serves()
        dev.end()
