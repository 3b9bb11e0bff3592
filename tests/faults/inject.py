"""Carries out the faults of a plan."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import assert_never

from tests.faults.clock import Clock
from tests.faults.plan import Fault, Kind
from tests.faults.pressure import Pressure
from tests.faults.system import APIS, POSTGRES, TEMPORAL, WORKERS, Member, System

CUT_EVERY = 0.5
"""Seconds between two cuts while connections keep being cut."""

CLOCK_AT_LEAST = 8.0
"""Seconds for which a clock is off: long enough for a hold to begin and end meanwhile."""

OFFSETS = (-3600.0, -30.0, 30.0, 3600.0)
"""Seconds by which it is off."""


@dataclass
class Injector:
    system: System
    clock: Clock
    pressure: Pressure
    say: Callable[[str], None]
    skipped: dict[Kind, str] = field(default_factory=dict)
    """Faults that this machine cannot have, and why."""
    done: list[Fault] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    """Processes that ended although no fault was done to them."""

    def __post_init__(self) -> None:
        if self.system.disk.missing:
            self.skipped[Kind.DISK_FULL] = self.system.disk.missing
        if self.clock.missing:
            self.skipped[Kind.CLOCK_OFF] = self.clock.missing

    async def run(self, plan: Sequence[Fault], seconds: float) -> None:
        """Does each fault at its time, and returns once all are healed."""
        began = time.monotonic()
        async with self._watched(), asyncio.TaskGroup() as faults:
            for fault in plan:
                await asyncio.sleep(began + fault.at - time.monotonic())
                faults.create_task(self._do(fault))
            await asyncio.sleep(began + seconds - time.monotonic())

    async def _do(self, fault: Fault) -> None:
        if fault.kind in self.skipped:
            return
        dice = random.Random(fault.dice)
        began = time.monotonic()
        victim = await self._inject(fault, dice)
        self.done.append(fault)
        took = time.monotonic() - began
        self.say(f"{fault.kind}: {victim}, for {fault.lasts:.1f} s; healed after {took:.1f} s")

    async def _inject(self, fault: Fault, dice: random.Random) -> str:
        """Returns whom it was done to, once it is healed."""
        match fault.kind:
            case Kind.WORKER_KILLED | Kind.API_KILLED | Kind.RELAY_KILLED:
                return await self._kill(await self._victim(fault.kind, dice), fault.lasts)
            case Kind.TEMPORAL_KILLED | Kind.POSTGRES_KILLED:
                return await self._kill(await self._victim(fault.kind, dice), fault.lasts)
            case Kind.WORKER_PAUSED | Kind.API_PAUSED | Kind.RELAY_PAUSED:
                return await self._pause(await self._victim(fault.kind, dice), fault.lasts)
            case Kind.TEMPORAL_PAUSED | Kind.POSTGRES_PAUSED:
                return await self._pause(await self._victim(fault.kind, dice), fault.lasts)
            case Kind.POSTGRES_CUT | Kind.TEMPORAL_CUT:
                return await self._cut(_server(fault.kind), fault.lasts, dice)
            case Kind.POSTGRES_BLACK_HOLE | Kind.TEMPORAL_BLACK_HOLE:
                return await self._black_hole(_server(fault.kind), fault.lasts, dice)
            case Kind.CLOCK_OFF:
                offset = dice.choice(OFFSETS)
                async with self.clock.off(offset):
                    await asyncio.sleep(max(fault.lasts, CLOCK_AT_LEAST))
                return f"{self.clock.worker} by {offset:+.0f} s"
            case Kind.POOL_EXHAUSTED:
                async with self.system.members[POSTGRES].busy:
                    dsn = self.system.postgres.superuser_dsn("chairtime")
                    return await self.pressure.exhaust_pools(dsn, fault.lasts)
            case Kind.DISK_FULL:
                return await self._fill_disk(fault.lasts)
            case _:
                assert_never(fault.kind)

    async def _victim(self, kind: Kind, dice: random.Random) -> Member:
        names: dict[Kind, Sequence[str]] = {
            Kind.WORKER_KILLED: WORKERS,
            Kind.WORKER_PAUSED: WORKERS,
            Kind.TEMPORAL_KILLED: [TEMPORAL],
            Kind.TEMPORAL_PAUSED: [TEMPORAL],
            Kind.POSTGRES_KILLED: [POSTGRES],
            Kind.POSTGRES_PAUSED: [POSTGRES],
        }
        name = dice.choice(names.get(kind, APIS))
        if kind in (Kind.RELAY_KILLED, Kind.RELAY_PAUSED):
            leader = await asyncio.to_thread(self.system.relay)
            name = leader or name
        return self.system.members[name]

    async def _kill(self, member: Member, seconds: float) -> str:
        async with member.busy:
            await member.kill()
            await asyncio.sleep(seconds)
            await member.start()
        return member.name

    async def _pause(self, member: Member, seconds: float) -> str:
        async with member.busy:
            await member.pause(seconds)
        return member.name

    async def _cut(self, server: str, seconds: float, dice: random.Random) -> str:
        victims, until = self._some(server, dice), time.monotonic() + seconds
        cut = 0
        while True:
            cut += sum(member.links[server].cut() for member in victims)
            if time.monotonic() + CUT_EVERY > until:
                return f"{_names(victims)} ({cut} connections)"
            await asyncio.sleep(CUT_EVERY)

    async def _black_hole(self, server: str, seconds: float, dice: random.Random) -> str:
        victims = self._some(server, dice)
        for member in victims:
            member.links[server].black_hole()
        await asyncio.sleep(seconds)
        for member in victims:
            member.links[server].heal()
        return _names(victims)

    async def _fill_disk(self, seconds: float) -> str:
        """Postgres may end itself meanwhile, or soon after; it is then started again."""
        member, server = self.system.members[POSTGRES], self.system.postgres.part
        async with member.busy:
            self.system.disk.fill()
            await asyncio.sleep(seconds)
            self.system.disk.free()
            while member.running:
                if await asyncio.to_thread(server.accepts):
                    return member.name
            await member.start()
            return f"{member.name}, which ended itself and was started again"

    def _some(self, server: str, dice: random.Random) -> list[Member]:
        """One process that is connected to this server, or all of them."""
        members = [member for member in self.system.members.values() if member.links]
        linked = [member for member in members if member.links[server].connections] or members
        return linked if dice.random() < 0.4 else [dice.choice(linked)]

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """Notes processes that end by themselves, and starts them again."""
        watching = [asyncio.create_task(self._watch(m)) for m in self.system.members.values()]
        try:
            yield
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)

    async def _watch(self, member: Member) -> None:
        while True:
            await asyncio.sleep(0.5)
            async with member.busy:
                if not member.running:
                    self.unexpected.append(f"{member.name} ended by itself: see its log")
                    self.say(self.unexpected[-1])
                    await member.start()


def _server(kind: Kind) -> str:
    return POSTGRES if kind in (Kind.POSTGRES_CUT, Kind.POSTGRES_BLACK_HOLE) else TEMPORAL


def _names(members: Sequence[Member]) -> str:
    return ", ".join(member.name for member in members)
