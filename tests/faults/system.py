"""All parts as processes of this run, and nothing else is ever signalled: Postgres, Temporal, two
API processes (one of which leads the relay) and two workers.

Each process reaches Postgres and Temporal through links of its own, which can fail.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from db.migrate import migrate
from embedded import ports, probe, stack, temporal_cli
from embedded.postgres import Postgres
from embedded.temporal import Temporal
from tests import roles
from tests.acceptance.premises import Part
from tests.faults.clock import Clock
from tests.faults.disk import Disk
from tests.faults.history import Silence
from tests.faults.link import Link
from tests.rehearsal.stack import ISSUER

APIS, WORKERS = ("api-1", "api-2"), ("worker-1", "worker-2")
POSTGRES, TEMPORAL = "postgres", "temporal"
LEADS = "chairtime_relay_leader 1.0"

SETTINGS = {"max_wal_size": "256MB", "max_connections": "150"}


@dataclass
class Member:
    """A process that faults are done to, one after the other."""

    name: str
    part: Part | stack.Running
    links: dict[str, Link] = field(default_factory=dict)
    """By the server that they lead to."""
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever stops and starts it."""
    silences: list[Silence] = field(default_factory=list)

    @property
    def running(self) -> bool:
        process = self.part.process
        return process is not None and process.returncode is None

    async def kill(self) -> None:
        await asyncio.to_thread(self.part.kill)

    async def start(self) -> None:
        """Returns once it is ready."""
        if isinstance(self.part, Part):
            await self.part.start()
        else:
            await asyncio.to_thread(self.part.start)

    async def pause(self, seconds: float) -> None:
        """Stops all its processes by SIGSTOP, and lets them continue after so many seconds."""
        since, paused = time.time(), self._processes()
        for process in paused:
            process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            for process in paused:
                if process.is_running():
                    process.send_signal(signal.SIGCONT)
            self.silences.append(Silence(self.name, since, time.time()))

    def _processes(self) -> list[psutil.Process]:
        """The first one first: it must not start others meanwhile."""
        assert self.part.process
        first = psutil.Process(self.part.process.pid)
        return [first, *first.children(recursive=True)]


@dataclass
class System:
    home: Path
    """With the logs, one file per process."""
    postgres: stack.RunningPostgres
    members: dict[str, Member]
    disk: Disk
    secret: str

    def url(self, api: str) -> str:
        part = self.members[api].part
        assert isinstance(part, Part)
        return part.url

    def relay(self) -> str | None:
        """Which API leads the relay now."""
        for name in APIS:
            part = self.members[name].part
            assert isinstance(part, Part)
            answer = probe.get(part.metrics_port, "/metrics")
            if answer is not None and LEADS in answer.text:
                return name
        return None

    def api_pids(self) -> dict[str, int]:
        """Of those that run now, by name."""
        found = {name: self.members[name] for name in APIS}
        running = {name: each.part.process for name, each in found.items() if each.running}
        return {name: process.pid for name, process in running.items() if process}

    @property
    def dsn(self) -> str:
        return self.postgres.dsn()

    @property
    def temporal(self) -> str:
        part = self.members[TEMPORAL].part
        assert isinstance(part, stack.RunningTemporal)
        return part.address

    @property
    def silences(self) -> list[Silence]:
        return [silence for member in self.members.values() for silence in member.silences]


@asynccontextmanager
async def running(home: Path, disk: Disk, clock: Clock, secret: str) -> AsyncIterator[System]:
    """The system with an empty, migrated database; its processes end with the context."""
    async with AsyncExitStack() as held:
        postgres = _postgres(disk.path, home)
        held.push_async_callback(_stop, [postgres])
        temporal = _temporal(home)
        held.push_async_callback(_stop, [temporal])
        roles.create(postgres.superuser_dsn())
        await migrate(postgres.dsn())
        members = {
            POSTGRES: Member(POSTGRES, postgres),
            TEMPORAL: Member(TEMPORAL, temporal),
        }
        servers = {POSTGRES: postgres.part.port, TEMPORAL: temporal.part.port}
        for name in (*APIS, *WORKERS):
            links = {to: await held.enter_async_context(Link(p)) for to, p in servers.items()}
            part = _part(name, postgres.dsn(), links, home, secret)
            if name == clock.worker:
                part.prefix = clock.prefix
            members[name] = Member(name, part, links)
        held.push_async_callback(_stop, [members[name].part for name in (*APIS, *WORKERS)])
        await asyncio.gather(*(members[name].start() for name in (*APIS, *WORKERS)))
        yield System(home, postgres, members, disk, secret)


async def _stop(parts: Sequence[Part | stack.Running]) -> None:
    """Side by side, while their links go on passing data."""
    await asyncio.gather(*(asyncio.to_thread(part.stop) for part in parts))


def _postgres(data: Path, home: Path) -> stack.RunningPostgres:
    part = Postgres(data / "postgres", ports.any_free(), SETTINGS, [stack.PAST_DEADLINES])
    log = home / "postgres.log"
    return stack.RunningPostgres(part, log, part.start(log))


def _temporal(home: Path) -> stack.RunningTemporal:
    """On a file, so that it keeps its workflows when it is killed."""
    binary = temporal_cli.obtain(print)
    part = Temporal(binary, ports.any_free(), None, home / "temporal.db")
    log = home / "temporal.log"
    return stack.RunningTemporal(part, log, part.start(log))


def _part(name: str, dsn: str, links: dict[str, Link], home: Path, secret: str) -> Part:
    port, metrics = ports.any_free(), ports.any_free()
    is_api = name in APIS
    role = "chairtime_api" if is_api else "chairtime_worker"
    direct = roles.dsn_of(role, dsn)
    server = direct.rpartition("@")[2].partition("/")[0]
    environment = {
        "ENVIRONMENT": "development",
        "JWT_ISSUER": ISSUER,
        "JWT_SECRET": secret,
        "DATABASE_URL": direct.replace(server, f"{ports.HOST}:{links[POSTGRES].port}"),
        "TEMPORAL_ADDRESS": f"{ports.HOST}:{links[TEMPORAL].port}",
        "CHAIRTIME_HOME": str(home),
        "HOST": ports.HOST,
        "PORT": str(port),
        "METRICS_PORT": str(metrics if is_api else 0),
        "PATH": os.environ["PATH"],
    }
    arguments = ["api"] if is_api else ["worker", "--health-port", str(port)]
    return Part(arguments, environment, port, home / f"{name}.log", metrics)
