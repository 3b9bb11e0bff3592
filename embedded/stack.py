"""Embedded parts as context managers, for tests and scripts.

They end with the block, and with us when we are killed. What they keep for so long lies in memory
where there is room: a disk makes each step of Temporal's and each new database slow.
"""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded import places, ports, temporal_cli
from embedded.postgres import DATABASE, FASTER_BUT_NOT_DURABLE, SUPERUSER, USER, Postgres
from embedded.process import Process
from embedded.temporal import Temporal

PAST_DEADLINES = f"grant set on parameter session_replication_role to {USER}"
"""Tests and benchmarks set a deadline into the past without its triggers."""


@dataclass
class Running:
    """A part that can be killed and started again in place: the same port, the same data."""

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
        """As the application connects: as the owner of its database, without superuser."""
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
    """A Temporal dev server on a free port; gets the CLI if need be. Only a persistent one keeps
    its workflows over its own restart, by default in a new directory.
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
    directory = places.temporary(rather=places.memory())
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
