"""Exhausts the connection pools of the API processes."""

import asyncio
import time
from dataclasses import dataclass

import asyncpg

from tests.faults.asking import Asker, refusals
from tests.faults.history import Attempt, Caller

BURST = 40
"""Requests to each API at a time: more than its pool has connections."""

LOCK = "lock table chairtime.appointments in access exclusive mode"


@dataclass(frozen=True)
class Pressure:
    asker: Asker
    headers: dict[str, str]
    """Of an admin."""
    caller: Caller
    """Whose history has the requests."""

    async def exhaust_pools(self, superuser_dsn: str, seconds: float) -> str:
        """Locks a table that every list reads, and asks for more lists than a pool has
        connections: each query waits for the lock until its time-out, and all others for a
        connection.
        """
        before = len(self.caller.reads)
        connection = await asyncpg.connect(superuser_dsn, timeout=10)
        try:
            async with connection.transaction():
                await connection.execute(LOCK)
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    self.caller.reads += await self._burst()
        finally:
            await connection.close(timeout=5)
        reads = self.caller.reads[before:]
        return f"{len(reads)} lists asked for, {refusals(reads)} refused"

    async def _burst(self) -> list[Attempt]:
        asked = [
            self.asker.attempt(server, "GET", "/api/appointments", self.headers)
            for server in self.asker.servers
            for _ in range(BURST)
        ]
        return [attempt for attempt, _ in await asyncio.gather(*asked)]
