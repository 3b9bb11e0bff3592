"""`python -m benchmarks.idle`: what an open stream costs a process, with our own response class and
with sse-starlette's: memory while idle, and CPU time per delivered event.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import uvloop
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import AppStatus

from api.app import create_app
from api.auth import development
from api.events import streams
from api.events.response import EventStream
from api.http.server import Server, server_config
from api.state import AppState
from benchmarks import cpu
from benchmarks.follower import Follower
from db import demo
from db.migrate import migrate
from domain.events import Cursor, Reader
from embedded import paths, ports, probe, stack
from embedded.process import Command, Process, wait_until
from realtime.following import follow
from settings import Settings

STREAMS = 2000
EVENTS = 50
KIB = 1024
PAGE = os.sysconf("SC_PAGE_SIZE")

EVENT = """
insert into outbox (topic, kind, entity_id, payload)
select 'availability', 'slot.held', $1, jsonb_build_object('dentist_id', $1::uuid, 'state', 'held')
"""


class Library(EventSourceResponse):
    """The same stream with the library's response class."""

    def __init__(self, state: AppState, reader: Reader, at: Cursor, opening: bytes) -> None:
        super().__init__(
            follow(state.hub, state.pool, reader, at, opening, lambda: None),
            ping=15,
            ping_message_factory=lambda: ServerSentEvent(comment="hb", sep="\n"),
            sep="\n",
            send_timeout=20,
        )


RESPONSES = {"ours": EventStream, "sse-starlette": Library}


def main() -> None:
    if len(sys.argv) > 1:
        serve(sys.argv[1])
        return
    directory = paths.temporary()
    try:
        with stack.postgres(data=directory) as postgres:
            asyncio.run(_fill(postgres.dsn()))
            for name in RESPONSES:
                uvloop.run(_measure(name, postgres.dsn(), directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def serve(name: str) -> None:
    """The API, with one of the response classes for streams."""
    AppStatus.enable_automatic_graceful_drain = False
    vars(streams)["EventStream"] = RESPONSES[name]
    settings = Settings(_env_file=None)
    app = create_app(settings)
    Server(server_config(app, settings), app).run()


async def _fill(dsn: str) -> None:
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    await demo.load(connection)
    await connection.execute("delete from outbox")
    await connection.close()


async def _measure(name: str, dsn: str, directory: Path) -> None:
    port = ports.any_free()
    environment = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": dsn,
        "TEMPORAL_ADDRESS": f"{ports.HOST}:1",
        "CHAIRTIME_HOME": str(directory),
        "METRICS_PORT": "0",
        "PORT": str(port),
    }
    command = Command([sys.executable, "-m", "benchmarks.idle", name], environment)
    server = Process(command, directory / f"{name}.log")
    try:
        wait_until(lambda: probe.get(port, "/readyz") is not None, server, 30)
        settings = Settings(environment="development", chairtime_home=directory, _env_file=None)
        token = development.token(settings, "patient", "ana")
        async with _open(port, token, 50):  # warm-up
            pass
        before = _memory(server.pid)
        async with _open(port, token, STREAMS) as followers:
            await asyncio.sleep(2)
            each = (_memory(server.pid) - before) / STREAMS
            spent = await _deliver(dsn, server.pid, followers)
        print(
            f"{name:15} {each / KIB:6.1f} KiB per idle stream of {STREAMS},"
            f" {spent * 1e6:6.1f} µs of CPU per delivery"
        )
    finally:
        server.stop()


@asynccontextmanager
async def _open(port: int, token: str, count: int) -> AsyncIterator[list[Follower]]:
    followers: list[Follower] = []
    while len(followers) < count:
        wanted = min(50, count - len(followers))
        opened = [Follower.open(port, token, "?topics=availability") for _ in range(wanted)]
        more = await asyncio.gather(*opened)
        await asyncio.gather(*(follower.ready() for follower in more))
        followers += more
    yield followers
    for follower in followers:
        follower.close()
    await asyncio.sleep(1)


async def _deliver(dsn: str, pid: int, followers: list[Follower]) -> float:
    """CPU seconds per event and stream, with everything else that the process does."""
    connection = await asyncpg.connect(dsn)
    before = cpu.used({"api": pid})
    for number in range(EVENTS):
        await connection.execute(EVENT, demo.person_id("dentist", "amara"))
        await connection.execute("notify outbox")
        while any(len(follower.waits) <= number for follower in followers):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await connection.close()
    return cpu.since(before, {"api": pid})["api"] / (EVENTS * len(followers))


def _memory(pid: int) -> int:
    """The resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


if __name__ == "__main__":
    main()
