"""The parts of the system, wired to each other by ports and by their environment."""

import asyncio
import shutil
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from db.demo_practice import load_demo_data
from db.migrate import migrate
from embedded import probe, record, temporal_cli
from embedded.binaries import MAJOR
from embedded.checklist import Checklist
from embedded.ports import HOST, Ports
from embedded.postgres import FASTER_BUT_NOT_DURABLE, Postgres
from embedded.process import Command, Process
from embedded.supervisor import Part, Supervisor
from embedded.temporal import Temporal

CHECKOUT = Path(__file__).resolve().parent.parent
POSTGRES_PORT, TEMPORAL_PORT, TEMPORAL_UI_PORT = 15432, 7233, 8233
WORKER_HEALTH_PORT = 8081


@dataclass(frozen=True)
class Options:
    home: Path
    """What belongs to this checkout: data, logs, dev.json."""
    api_port: int
    metrics_port: int
    """Preferred ones; the next free ones are taken."""
    processes: int = 1
    """Of the worker."""
    reset: bool = False
    """Starts empty."""
    ephemeral: bool = False
    """Keeps nothing, and leaves the kept data alone."""
    database_url: str | None = None
    temporal_address: str | None = None
    """Given ones replace the embedded parts."""


class System:
    """Everything that `chairtime dev` runs."""

    def __init__(self, options: Options, data: Path, console: Console) -> None:
        self._options = options
        self._data = data
        self._ports = Ports()
        self._logs = _fresh_logs(options.home)
        self._console = console
        self.supervisor = Supervisor(self._say, self._processes_changed)
        api, metrics = map(self._ports.claim, (options.api_port, options.metrics_port))
        self._api_port, self._metrics_port = api, metrics
        self.record = record.Record(
            record.Api(f"http://{HOST}:{api}", f"http://{HOST}:{metrics}/metrics"),
            record.TemporalServer(options.temporal_address or "", None),
            record.Database(options.database_url or ""),
        )

    def start(self, checklist: Checklist) -> None:
        """Returns when everything answers."""
        self._start_postgres(checklist)
        with checklist.step("Migrations and demo data") as step:
            applied = asyncio.run(_prepare_database(self.record.database.url))
            step.done(f"{len(applied)} applied" if applied else "up to date")
        self._start_temporal(checklist)
        worker, api = self._worker(), self._api()
        self.supervisor.start(worker, api)
        with checklist.step("Worker"):
            self.supervisor.wait(worker)
        with checklist.step("API"):
            self.supervisor.wait(api)
        self.record.write(self._options.home)

    def _start_postgres(self, checklist: Checklist) -> None:
        if self._options.database_url:
            return
        with checklist.step("Postgres") as step:
            durable = not self._options.ephemeral
            settings = {} if durable else FASTER_BUT_NOT_DURABLE
            port = self._ports.claim(POSTGRES_PORT)
            server = Postgres(self._data / f"postgres-{MAJOR}", port, settings)
            log = self._logs / "postgres.log"
            self.supervisor.start(Part("postgres", lambda: server.start(log), server.accepts))
            self.record = replace(self.record, database=record.Database(server.dsn()))
            step.done(f"port {port}")

    def _start_temporal(self, checklist: Checklist) -> None:
        if self._options.temporal_address:
            return
        with checklist.step("Temporal") as step:
            binary = temporal_cli.obtain(step.doing)
            port, ui_port = self._ports.claim(TEMPORAL_PORT), self._ports.claim(TEMPORAL_UI_PORT)
            database = None if self._options.ephemeral else self._data / "temporal.db"
            server = Temporal(binary, port, ui_port, database)
            log = self._logs / "temporal.log"
            self.supervisor.start(Part("temporal", lambda: server.start(log), server.serves))
            ui_url = f"http://{HOST}:{ui_port}"
            temporal = record.TemporalServer(server.address, ui_url)
            self.record = replace(self.record, temporal=temporal)
            step.done(f"port {port}")

    def _worker(self) -> Part:
        health = self._ports.claim(WORKER_HEALTH_PORT)
        arguments = ["--processes", str(self._options.processes), "--health-port", str(health)]
        return self._part("worker", arguments, {"METRICS_PORT": "0", "HEALTH_HOST": HOST}, health)

    def _api(self) -> Part:
        port, metrics = str(self._api_port), str(self._metrics_port)
        own = {"HOST": HOST, "PORT": port, "METRICS_HOST": HOST, "METRICS_PORT": metrics}
        return self._part("api", [], own, self._api_port)

    def _part(
        self,
        name: str,
        arguments: list[str],
        environment: dict[str, str],
        health: int,
    ) -> Part:
        """One of our own commands, ready when its health port says so."""
        shared = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": self.record.database.url,
            "TEMPORAL_ADDRESS": self.record.temporal.address,
            "CHAIRTIME_HOME": str(self._options.home),
        }
        argv = [sys.executable, "-m", "cli", name, *arguments]
        command = Command(argv, {**shared, **environment}, directory=CHECKOUT)
        log = self._logs / f"{name}.log"
        return Part(
            name, lambda: Process(command, log), lambda: probe.get(health, "/readyz") is not None
        )

    def _processes_changed(self, pids: dict[str, int]) -> None:
        complete = self.record.processes
        self.record = replace(self.record, processes=pids)
        if complete.keys() == pids.keys():
            self.record.write(self._options.home)

    def _say(self, text: str) -> None:
        self._console.print(f"{time.strftime('%H:%M:%S')} {text}", markup=False, soft_wrap=True)


async def _prepare_database(dsn: str) -> list[str]:
    applied = await migrate(dsn)
    await load_demo_data(dsn)
    return applied


def _fresh_logs(home: Path) -> Path:
    logs = home / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    return logs
