"""Embedded parts as context managers, for tests and scripts.

They end with the block, and with this process if it is killed. Their data is kept in memory if
there is room: on disk, each step of Temporal and each new database is slow.
"""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded import paths, ports, temporal_cli
from embedded.postgres import DATABASE, FASTER_BUT_NOT_DURABLE, SUPERUSER, USER, Postgres
from embedded.process import Process
from embedded.temporal import Temporal

PAST_DEADLINES = f"grant set on parameter session_replication_role to {USER}"
"""Lets tests and benchmarks move a deadline into the past without firing triggers."""


@dataclass
class Running:
    """A part that can be killed and started again with the same port and data."""

    part: Postgres | Temporal
    log: Path
    process: Process

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        """kill -9, of all its processes."""
        self.process.kill()

    def start(self) -> None:
        self.process = self.part.start(self.log)


@dataclass
class RunningPostgres(Running):
    part: Postgres

    def dsn(self, database: str = DATABASE) -> str:
        """For connections like the application's: as owner of the database, not as superuser."""
        return self.part.dsn(database)

    def superuser_dsn(self, database: str = "postgres") -> str:
        """For what the application never does, such as creating databases and roles."""
        return self.part.dsn(database, SUPERUSER)


@dataclass
class RunningTemporal(Running):
    part: Temporal

    @property
    def address(self) -> str:
        return self.part.address


@contextlib.contextmanager
def postgres(
    settings: Mapping[str, str] = FASTER_BUT_NOT_DURABLE, data: Path | None = None
) -> Iterator[RunningPostgres]:
    """Postgres on a free port, by default over a new directory that is removed at the end."""
    with _directory(data) as directory:
        part = Postgres(directory / "postgres", ports.any_free(), settings, [PAST_DEADLINES])
        log = directory / "postgres.log"
        running = RunningPostgres(part, log, part.start(log))
        try:
            yield running
        finally:
            running.stop()


@contextlib.contextmanager
def temporal(
    *, persistent: bool = False, ui: bool = False, data: Path | None = None
) -> Iterator[RunningTemporal]:
    """A Temporal dev server on a free port; obtains the CLI if needed. Only a persistent one keeps
    its workflows across a restart, by default in a new directory.
    """
    binary = temporal_cli.obtain(print)
    with _directory(data) as directory:
        database = directory / "temporal.db" if persistent else None
        ui_port = ports.any_free() if ui else None
        part = Temporal(binary, ports.any_free(), ui_port, database)
        log = directory / "temporal.log"
        running = RunningTemporal(part, log, part.start(log))
        try:
            yield running
        finally:
            running.stop()


@contextlib.contextmanager
def _directory(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    directory = paths.temporary(preferred=paths.memory())
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
