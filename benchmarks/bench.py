"""What an experiment works with: the running system, its world, and how much is to be measured."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg
from temporalio.client import Client

from benchmarks import cpu, rows
from benchmarks.client import Connection
from benchmarks.system import System
from benchmarks.world import World
from db.pool import Pool, create_pool


@dataclass(frozen=True)
class Plan:
    """How much: `quick` shows that all works and roughly what comes out."""

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
    """To look, and to prepare; not part of what is measured."""
    admin: asyncpg.Connection
    temporal: Client

    @contextlib.asynccontextmanager
    async def connections(self, count: int) -> AsyncIterator[list[Connection]]:
        """Open connections to the API."""
        opened = [await Connection.open(self.system.port) for _ in range(count)]
        try:
            yield opened
        finally:
            for connection in opened:
                connection.close()

    async def clean(self) -> None:
        """Undoes what was booked, and waits until nothing goes on any more."""
        await rows.undo(self.admin)
        await self.calm()

    async def calm(self) -> None:
        await cpu.calm(self.system.pids)

    @contextlib.contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """Some parts stand still meanwhile."""
        pids = [pid for name in names for pid in cpu.family(self.system.pids[name])]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def over(system: System, world: World, plan: Plan) -> AsyncIterator[Bench]:
    pool = await create_pool(system.dsn, 32)
    path = {"search_path": "chairtime, pg_temp"}
    admin = await asyncpg.connect(system.superuser_dsn, server_settings=path)
    temporal = await Client.connect(system.temporal)
    bench = Bench(plan, system, world, pool, admin, temporal)
    try:
        await bench.calm()
        yield bench
    finally:
        await asyncio.gather(pool.close(), admin.close())
