"""Deliveries of webhooks to a backend on this machine that answers at once."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks import changes
from benchmarks.bench import Bench
from benchmarks.client import Connection, request
from benchmarks.figures import Result, percentile
from benchmarks.world import named

NAME = "webhooks"
ABOUT = "from commit to backend at 2 events per second; deliveries per second of a backlog"
EVENTS = (100, 20)
RATE = 2.0
BACKLOG = (1000, 200)
"""Events per endpoint."""
ENDPOINTS = (1, 5)
TIMEOUT = 300.0
TAKEN = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass
class Backend:
    """`arrived`: when each delivery came, with the number of its event."""

    port: int = 0
    arrived: list[tuple[float, int]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        self.arrived.append((time.time(), json.loads(body).get("number", -1)))
        writer.write(TAKEN)
        await writer.drain()
        writer.close()

    async def has(self, count: int) -> None:
        """Returns once so many deliveries have come."""
        async with asyncio.timeout(TIMEOUT):
            while len(self.arrived) < count:  # noqa: ASYNC110 - polled, to take no CPU
                await asyncio.sleep(0.05)


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    for _ in range(bench.plan.repetitions):
        await bench.clean()
        async with _backend() as backend, bench.connections(1) as [api]:
            took = await _one_by_one(bench, backend, api)
            result.row("commit to backend").add(
                p50_ms=percentile(took, 50), p99_ms=percentile(took, 99)
            )
            for count in ENDPOINTS:
                row = result.row(f"backlog of {count} endpoint{'s' if count > 1 else ''}")
                row.add(per_s=await _backlog(bench, backend, api, count))
    await bench.clean()
    return result


async def _one_by_one(bench: Bench, backend: Backend, api: Connection) -> list[float]:
    """Milliseconds from each commit to the backend."""
    backend.arrived.clear()
    async with _endpoints(bench, backend, api, 1):
        count = bench.plan.count(*EVENTS)
        committed = await changes.commit(bench.pool, [named("patient", 0)], RATE, count)
        await backend.has(count)
    return [(at - committed[number]) * 1000 for at, number in backend.arrived]


async def _backlog(bench: Bench, backend: Backend, api: Connection, count: int) -> float:
    """Deliveries per second of events that waited while the endpoints were off."""
    backend.arrived.clear()
    each = bench.plan.count(*BACKLOG)
    async with _endpoints(bench, backend, api, count) as ids:
        for id in ids:
            await _ask(bench, api, "PUT", f"/{id}", {"active": False})
        await changes.commit(bench.pool, [named("patient", 0)], 200, each)
        await changes.settled(bench.admin)
        for id in ids:
            await _ask(bench, api, "PUT", f"/{id}", {"active": True})
        await backend.has(count * each)
    times = [at for at, _ in backend.arrived]
    return (len(times) - 1) / (max(times) - min(times))


@asynccontextmanager
async def _endpoints(
    bench: Bench, backend: Backend, api: Connection, count: int
) -> AsyncIterator[list[str]]:
    body = {"url": f"http://127.0.0.1:{backend.port}/events", "topics": ["appointments"]}
    ids = [(await _ask(bench, api, "POST", "", body))["id"] for _ in range(count)]
    yield ids
    for id in ids:
        await _ask(bench, api, "DELETE", f"/{id}")


async def _ask(bench: Bench, api: Connection, method: str, path: str, body: Any = None) -> Any:
    answer = await api.ask(request(method, f"/api/webhooks{path}", bench.world.desk, body))
    if answer.status >= 300:
        raise ValueError(f"{answer.status} {answer.body[:300]!r}")
    return answer.json() if answer.body else None


@asynccontextmanager
async def _backend() -> AsyncIterator[Backend]:
    backend = Backend()
    server = await asyncio.start_server(backend.serve, "127.0.0.1", 0)
    backend.port = server.sockets[0].getsockname()[1]
    async with server:
        yield backend
