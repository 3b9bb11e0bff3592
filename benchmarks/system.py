"""The system under test: every part a process of its own, started for this run alone."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from db.migrate import migrate
from embedded import paths, ports, probe, stack
from embedded.ports import HOST
from embedded.process import Command, Process, wait_until
from settings import Settings

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class System:
    """Where everything is."""

    settings: Settings
    dsn: str
    superuser_dsn: str
    temporal: str
    port: int
    """The API's."""
    pids: dict[str, int]
    directory: Path
    """With the logs, and on the disk that Postgres writes to."""


@contextlib.contextmanager
def running(bring_in: Callable[[str, Settings], None]) -> Iterator[System]:
    """Postgres as durable as `make dev` has it, Temporal on a file, one worker, one API, and the
    worker of the textbook. `bring_in` fills the migrated database before the API starts.
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
        bring_in(postgres.dsn(), settings)

        port, health = ports.any_free(), ports.any_free()
        commands = {
            "worker": _command("cli", "worker", "--health-port", str(health)),
            "textbook": _command("benchmarks.textbook"),
            "api": _command("benchmarks.server", environment={"HOST": HOST, "PORT": str(port)}),
        }
        processes = {
            name: held.enter_context(_process(command, directory / f"{name}.log"))
            for name, command in commands.items()
        }
        for name, at in (("worker", health), ("api", port)):
            wait_until(lambda at=at: probe.get(at, "/readyz") is not None, processes[name], 30)
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


def _command(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Command:
    """One of our own commands."""
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
