"""What an experiment gets: the running system, its test data, and how much to measure."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg
from rich.console import Console
from temporalio.client import Client

from benchmarks import cpu, rows
from benchmarks.client import Connection
from benchmarks.peer import Peer
from benchmarks.system import System
from benchmarks.world import World
from db.pool import Pool, create_pool


@dataclass(frozen=True)
class Plan:
    """`quick`: short runs, to see that everything works."""

    repetitions: int
    quick: bool

    def count(self, full: int, quick: int) -> int:
        return quick if self.quick else full


@dataclass(frozen=True)
class Bench:
    plan: Plan
    system: System
    world: World
    pool: Pool
    """To prepare and to read results; not part of what is measured."""
    admin: asyncpg.Connection
    temporal: Client
    peer: Peer | None

    @contextlib.asynccontextmanager
    async def connections(
        self, count: int, port: int | None = None
    ) -> AsyncIterator[list[Connection]]:
        """Open connections to the API, or to another port."""
        opened = [await Connection.open(port or self.system.port) for _ in range(count)]
        try:
            yield opened
        finally:
            for connection in opened:
                connection.close()

    async def clean(self) -> None:
        """Deletes the bookings of earlier runs, and waits until the system is idle."""
        await rows.delete_new(self.admin)
        await self.wait_until_idle()

    async def wait_until_idle(self) -> None:
        await cpu.wait_until_idle(self.system.pids)

    def say(self, what: str) -> None:
        """Prints which part of an experiment begins."""
        Console(stderr=True).print(f"  {what} (load average {os.getloadavg()[0]:.1f}) …")

    @contextlib.contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """Stops some parts meanwhile (SIGSTOP)."""
        pids = [pid for name in names for pid in cpu.family(self.system.pids[name])]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def over(system: System, world: World, plan: Plan, peer: Peer | None) -> AsyncIterator[Bench]:
    pool = await create_pool(system.dsn, 32)
    path = {"search_path": "chairtime, pg_temp"}
    admin = await asyncpg.connect(system.superuser_dsn, server_settings=path)
    temporal = await Client.connect(system.temporal)
    bench = Bench(plan, system, world, pool, admin, temporal, peer)
    try:
        await bench.wait_until_idle()
        yield bench
    finally:
        await asyncio.gather(pool.close(), admin.close())
