"""Callers who hold, confirm, cancel, release and move, and note every answer."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from tests.faults.asking import Asker, instant
from tests.faults.history import Caller, Request, Slot
from tests.rehearsal.practice import SHORT, Practice

BRIEF = "brief-hold"
"""A type whose hold ends within a long fault: confirms then race with the deadline."""

BRIEF_SECONDS = 15

ENDS = {"booked": 5, "cancelled": 3, "moved": 3, "released": 1, "expired": 2}
"""How a booking ends, and how often."""

WANTS_KNOWN = 0.25
"""How often a caller asks for a slot that others had or have."""

THINKS = 0.4
"""Longest pause of a caller between two commands, in seconds."""


@dataclass
class Load:
    """`async with asyncio.TaskGroup() as tasks: load.start(tasks, 6)`, and `stop`."""

    practice: Practice
    asker: Asker
    seed: int
    callers: list[Caller] = field(default_factory=list)
    known: list[dict[str, str]] = field(default_factory=list)
    """Slots that somebody asked for."""
    stopping: bool = False

    def start(self, tasks: asyncio.TaskGroup, count: int) -> None:
        for number in range(count):
            caller = Caller(f"caller-{number + 1}")
            self.callers.append(caller)
            work = _Work(self, caller, random.Random(f"{self.seed} {number}"))
            tasks.create_task(work.run())

    def stop(self) -> None:
        """Callers finish the booking that they are at."""
        self.stopping = True


@dataclass
class _Work:
    load: Load
    caller: Caller
    dice: random.Random
    patient: str = ""

    async def run(self) -> None:
        while not self.load.stopping:
            await self._book()

    async def _book(self) -> None:
        """One booking, from its hold to an end chosen at random."""
        end = self.dice.choices(list(ENDS), list(ENDS.values()))[0]
        self.patient = self.load.practice.patient()
        slot = self._slot()
        body = {**slot, "appointment_type": SHORT if end == "expired" else BRIEF}
        hold = await self._ask("hold", "POST", "/api/availability/reserve", None, body, slot)
        id = hold.booking
        if not hold.done or id is None or end == "expired":
            return
        if end == "released":
            await self._ask("release", "DELETE", f"/api/availability/reserve/{id}", id)
            return
        path = f"/api/appointments/{id}"
        confirm = await self._ask("confirm", "POST", f"{path}/confirm", id)
        if not confirm.done:
            return
        if end == "moved":
            to = self._slot()
            await self._ask("move", "PUT", path, id, to, to)
        elif end == "cancelled":
            await self._ask("cancel", "POST", f"{path}/cancel", id)

    def _slot(self) -> dict[str, str]:
        known = self.load.known
        if known and self.dice.random() < WANTS_KNOWN:
            return self.dice.choice(known[-40:])
        known.append(self.load.practice.slot())
        return known[-1]

    async def _ask(
        self,
        verb: str,
        method: str,
        path: str,
        booking: str | None,
        body: dict[str, Any] | None = None,
        slot: dict[str, str] | None = None,
    ) -> Request:
        await asyncio.sleep(self.dice.uniform(0, THINKS))
        asked = Slot(slot["dentist_id"], instant(slot["starts_at"])) if slot else None
        key = f"{self.caller.name}-{len(self.caller.requests)}"
        request = Request(verb, key, booking, asked)
        self.caller.requests.append(request)
        headers = self.load.practice.headers("patient", self.patient)
        first = self.dice.randrange(len(self.load.asker.servers))
        await self.load.asker.command(request, first, method, path, headers, body)
        return request
