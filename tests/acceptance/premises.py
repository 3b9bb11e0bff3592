"""The whole system as processes: Postgres, Temporal, two APIs and a worker, each of which can be
killed and started again.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from embedded import ports, probe, stack
from embedded.process import Command, Process, wait_until
from tests import roles

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass
class Part:
    """`chairtime api` or `chairtime worker`, on a port that answers /readyz."""

    arguments: list[str]
    environment: dict[str, str]
    port: int
    log: Path
    metrics_port: int = 0
    process: Process | None = None
    prefix: tuple[str, ...] = ()
    """Before the command, such as `env NAME=value`."""

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def launch(self) -> None:
        argv = [*self.prefix, sys.executable, "-m", "cli", *self.arguments]
        self.process = Process(Command(argv, self.environment, directory=CHECKOUT), self.log)

    def wait(self, seconds: float = 60) -> None:
        """Returns once it is ready."""
        assert self.process
        wait_until(lambda: probe.get(self.port, "/readyz") is not None, self.process, seconds)

    async def start(self) -> None:
        self.launch()
        await asyncio.to_thread(self.wait)

    def kill(self) -> None:
        """kill -9, of all its processes."""
        assert self.process
        self.process.kill()

    def stop(self) -> None:
        if self.running:
            self.process.stop()


@dataclass
class Premises:
    postgres: stack.RunningPostgres
    temporal: stack.RunningTemporal
    home: Path
    one: Part = field(init=False)
    two: Part = field(init=False)
    worker: Part = field(init=False)
    numbers: Any = field(default_factory=count)
    """For whatever must be new in each test."""
    types: set[str] = field(default_factory=set)
    """Appointment types that were made for tests."""

    def __post_init__(self) -> None:
        self.one, self.two = self.api("one"), self.api("two")
        self.worker = self.a_worker("worker")

    @property
    def dsn(self) -> str:
        return self.postgres.dsn()

    def a_worker(self, name: str, temporal_port: int | None = None) -> Part:
        """A worker, not yet started; by another way to Temporal where one is given."""
        port = ports.any_free()
        health = ["worker", "--health-port", str(port)]
        environment = self._environment(
            "chairtime_worker", self.postgres.part.port, temporal_port or self.temporal.part.port
        )
        return Part(health, environment, port, self.home / f"{name}.log")

    def api(self, name: str, postgres_port: int | None = None) -> Part:
        """An API, not yet started; by another way to Postgres where one is given."""
        port, metrics = ports.any_free(), ports.any_free()
        environment = self._environment(
            "chairtime_api", postgres_port or self.postgres.part.port, self.temporal.part.port
        )
        own = {"HOST": ports.HOST, "PORT": str(port), "METRICS_PORT": str(metrics)}
        return Part(["api"], environment | own, port, self.home / f"{name}.log", metrics)

    def repair(self) -> None:
        """Starts again whatever does not run."""
        for server in (self.postgres, self.temporal):
            if server.process.returncode is not None:
                server.start()
        parts = [part for part in (self.one, self.two, self.worker) if not part.running]
        for part in parts:
            part.launch()
        for part in parts:
            part.wait()

    def close(self) -> None:
        for part in (self.one, self.two, self.worker):
            if part.running:
                part.kill()

    @contextmanager
    def hanging(self, server: stack.Running) -> Iterator[None]:
        """It is there and does not answer: all its processes are stopped meanwhile."""
        first = server.process.pid
        os.kill(first, signal.SIGSTOP)
        stopped = [*_children(first), first]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def _environment(self, role: str, postgres_port: int, temporal_port: int) -> dict[str, str]:
        """As in production, each part has the rights of its own role."""
        return {
            "ENVIRONMENT": "development",
            "DATABASE_URL": roles.dsn_of(role, self.dsn).replace(
                f":{self.postgres.part.port}/", f":{postgres_port}/"
            ),
            "TEMPORAL_ADDRESS": f"{ports.HOST}:{temporal_port}",
            "METRICS_PORT": "0",
            "CHAIRTIME_HOME": str(self.home),
        }


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue  # it has ended
            if int(stat.rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found
