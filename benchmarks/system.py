"""The system under test: each part in its own process, started for this run."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from db.migrate import migrate
from embedded import paths, ports, probe, stack
from embedded.ports import HOST
from embedded.process import Command, Process, wait_until
from settings import Settings

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class System:
    """Addresses and processes of the running system."""

    settings: Settings
    dsn: str
    superuser_dsn: str
    temporal: str
    port: int
    """The API's."""
    pids: dict[str, int]
    directory: Path
    """With the logs and the data of Postgres and Temporal."""


@contextlib.contextmanager
def running(fill: Callable[[str, Settings], None]) -> Iterator[System]:
    """Postgres with the durability of `make dev`, Temporal on a file, one worker and one API.
    `fill` fills the migrated database before the API starts.
    """
    with contextlib.ExitStack() as held:
        directory = paths.temporary()
        held.callback(_remove, directory)
        postgres = held.enter_context(stack.postgres(settings={}, data=directory))
        temporal = held.enter_context(stack.temporal(persistent=True, data=directory))
        shared = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": postgres.dsn(),
            "TEMPORAL_ADDRESS": temporal.address,
            "CHAIRTIME_HOME": str(directory),
            "METRICS_PORT": "0",
        }
        os.environ.update(shared)
        settings = Settings()
        asyncio.run(migrate(postgres.dsn()))
        fill(postgres.dsn(), settings)

        port, health = ports.any_free(), ports.any_free()
        commands = {
            "worker": _command("cli", "worker", "--health-port", str(health)),
            "api": _command("benchmarks.server", environment={"HOST": HOST, "PORT": str(port)}),
        }
        processes = {
            name: held.enter_context(_process(command, directory / f"{name}.log"))
            for name, command in commands.items()
        }
        for name, at in (("worker", health), ("api", port)):
            wait_until(partial(_ready, at), processes[name], 30)
        pids = {"postgres": postgres.process.pid, "temporal": temporal.process.pid}
        pids |= {name: process.pid for name, process in processes.items()}
        yield System(
            settings,
            postgres.dsn(),
            postgres.superuser_dsn("chairtime"),
            temporal.address,
            port,
            pids,
            directory,
        )


def _ready(port: int) -> bool:
    return probe.get(port, "/readyz") is not None


def _command(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Command:
    argv = [sys.executable, "-m", module, *arguments]
    return Command(argv, environment or {}, directory=CHECKOUT)


@contextlib.contextmanager
def _process(command: Command, log: Path) -> Iterator[Process]:
    process = Process(command, log)
    try:
        yield process
    finally:
        process.stop()


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
