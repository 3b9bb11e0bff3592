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
from embedded import dev_state, ports, probe, temporal_cli, web_app
from embedded.binaries import MAJOR
from embedded.checklist import step
from embedded.ports import HOST
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
    """The checkout's directory for data, logs and dev.json."""
    api_port: int
    metrics_port: int
    """Preferred ports; if one is in use, the next free one is taken."""
    processes: int = 1
    """Number of worker processes."""
    reset: bool = False
    """Delete the kept data first."""
    ephemeral: bool = False
    """Use a temporary data directory; the kept data stays untouched."""
    database_url: str | None = None
    temporal_address: str | None = None
    """Use these servers instead of the embedded ones."""


class System:
    """Everything that `chairtime dev` runs."""

    def __init__(self, options: Options, data: Path, console: Console) -> None:
        self._options = options
        self._data = data
        self._logs = _fresh_logs(options.home)
        self._console = console
        self.supervisor = Supervisor(self._log, self._processes_changed)
        api, metrics = map(ports.claim, (options.api_port, options.metrics_port))
        self._api_port, self._metrics_port = api, metrics
        self.state = dev_state.DevState(
            dev_state.Api(f"http://{HOST}:{api}", f"http://{HOST}:{metrics}/metrics"),
            dev_state.TemporalServer(options.temporal_address or "", None),
            dev_state.Database(options.database_url or ""),
        )

    def start(self) -> None:
        """Starts everything, and returns when all parts are ready."""
        building = self._build_web_app()
        self._start_postgres()
        with step(self._console, "Migrations and demo data") as running:
            applied = asyncio.run(_prepare_database(self.state.database.url))
            running.result = f"{len(applied)} applied" if applied else "up to date"
        self._start_temporal()
        if building:
            self._wait_for_web_app(building)
        parts = [*map(self._worker, range(self._options.processes)), self._api()]
        self.supervisor.start(*parts)
        for part in parts:
            with step(self._console, part.name):
                self.supervisor.wait(part)
        self.state.write(self._options.home)

    def _build_web_app(self) -> Process | None:
        """Builds the web app beside the other parts' start; null where nothing has changed."""
        if not web_app.is_checkout() or web_app.is_built():
            return None
        command = [sys.executable, "-m", "embedded.web_app"]
        return Process(Command(command, directory=CHECKOUT), self._logs / "web.log")

    def _wait_for_web_app(self, building: Process) -> None:
        """Without Node.js, or where the build fails, everything else starts all the same."""
        with step(self._console, "Web app") as running:
            if building.wait():
                running.result = f"is not built: {building.written(1)}; see {building.log}"

    def _start_postgres(self) -> None:
        if self._options.database_url:
            return
        with step(self._console, "Postgres") as running:
            durable = not self._options.ephemeral
            settings = {} if durable else FASTER_BUT_NOT_DURABLE
            port = ports.claim(POSTGRES_PORT)
            server = Postgres(self._data / f"postgres-{MAJOR}", port, settings)
            log = self._logs / "postgres.log"
            self.supervisor.start(Part("postgres", lambda: server.start(log), server.accepts))
            self.state = replace(self.state, database=dev_state.Database(server.dsn()))
            running.result = f"port {port}"

    def _start_temporal(self) -> None:
        if self._options.temporal_address:
            return
        with step(self._console, "Temporal") as running:
            binary = temporal_cli.obtain(running.doing)
            port, ui_port = ports.claim(TEMPORAL_PORT), ports.claim(TEMPORAL_UI_PORT)
            database = None if self._options.ephemeral else self._data / "temporal.db"
            server = Temporal(binary, port, ui_port, database)
            log = self._logs / "temporal.log"
            self.supervisor.start(Part("temporal", lambda: server.start(log), server.serves))
            ui_url = f"http://{HOST}:{ui_port}"
            temporal = dev_state.TemporalServer(server.address, ui_url)
            self.state = replace(self.state, temporal=temporal)
            running.result = f"port {port}"

    def _worker(self, number: int) -> Part:
        health = ports.claim(WORKER_HEALTH_PORT)
        name = f"worker-{number + 1}" if number else "worker"
        return self._part(name, ["worker", "--health-port", str(health)], {}, health)

    def _api(self) -> Part:
        port, metrics = str(self._api_port), str(self._metrics_port)
        environment = {"PORT": port, "METRICS_HOST": HOST, "METRICS_PORT": metrics}
        environment["METRICS_URL"] = self.state.api.metrics_url
        if self.state.temporal.ui_url:
            environment["TEMPORAL_UI_URL"] = self.state.temporal.ui_url
        return self._part("api", ["api"], environment, self._api_port)

    def _part(
        self, name: str, arguments: list[str], environment: dict[str, str], health: int
    ) -> Part:
        """A `chairtime` command as a part; ready when GET /readyz on its health port is a 200."""
        shared = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": self.state.database.url,
            "TEMPORAL_ADDRESS": self.state.temporal.address,
            "CHAIRTIME_HOME": str(self._options.home),
            "HOST": HOST,
            "HEALTH_HOST": HOST,
        }
        argv = [sys.executable, "-m", "cli", *arguments]
        command = Command(argv, {**shared, **environment}, directory=CHECKOUT)
        log = self._logs / f"{name}.log"
        return Part(
            name, lambda: Process(command, log), lambda: probe.get(health, "/readyz") is not None
        )

    def _processes_changed(self, pids: dict[str, int]) -> None:
        known = self.state.processes
        self.state = replace(self.state, processes=pids)
        if known.keys() == pids.keys():
            self.state.write(self._options.home)

    def _log(self, text: str) -> None:
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
