"""Many who ask for one time at once: they take turns, and who is told that it is taken has asked
for all who wait.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.pool import PATIENCE
from domain.appointments import Result
from domain.booking import Outcome

TURN = 0.5
"""Seconds that one waits for a turn; whoever had none by then asks beside the others. Two hundred
who come at once keep a process busy for half as long before anybody is answered.
"""


class Time(NamedTuple):
    """Whoever asks for the same would be told the same of it."""

    dentist_id: UUID
    appointment_type: str
    starts_at: datetime
    by_staff: bool


@dataclass(slots=True)
class Rush:
    """One asks, and those who came meanwhile wait, in their order."""

    waiting: deque[asyncio.Future[Result | None]] = field(default_factory=deque)

    def tell(self, count: int, refused: Result) -> None:
        """Tells it to those who came first; whoever has gone meanwhile counts as one."""
        for _ in range(count):
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(refused)

    def pass_on(self) -> bool:
        """Gives the turn to the next; whether anybody is there."""
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return True
        return False


class Rushes:
    """The database decides, and everybody is told what was so after they had asked: a refusal is
    shared with those alone who were there before its question was put. Of two hundred, two ask.
    """

    def __init__(self) -> None:
        self._rushes: dict[Time, Rush] = {}

    async def attempt(self, time: Time, ask: Callable[[], Awaitable[Result]]) -> Result:
        """What `ask` comes to, or a refusal of this very time that somebody else just got. Raises
        TimeoutError after PATIENCE, the wait for a turn included.
        """
        latest = asyncio.get_running_loop().time() + PATIENCE
        if time not in self._rushes:
            self._rushes[time] = Rush()
            return await self._in_turn(time, ask, latest)
        try:
            async with asyncio.timeout(TURN):
                told = await self._wait(time)
        except TimeoutError:
            async with asyncio.timeout_at(latest):
                return await ask()
        return told or await self._in_turn(time, ask, latest)

    async def _wait(self, time: Time) -> Result | None:
        """A refusal whose question was put since; None: it is one's own turn."""
        waiter: asyncio.Future[Result | None] = asyncio.get_running_loop().create_future()
        self._rushes[time].waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and waiter.result() is None:
                self._pass_on(time)  # the turn came too late
            raise

    async def _in_turn(
        self, time: Time, ask: Callable[[], Awaitable[Result]], latest: float
    ) -> Result:
        rush = self._rushes[time]
        here = len(rush.waiting)
        try:
            async with asyncio.timeout_at(latest):
                result = await ask()
            if result.outcome is Outcome.SLOT:
                rush.tell(here, result)
            return result
        finally:
            self._pass_on(time)

    def _pass_on(self, time: Time) -> None:
        if not self._rushes[time].pass_on():
            del self._rushes[time]
