"""Many who ask for one time at once: they take turns, and who is told that it is taken has asked
for all who wait.
"""

import asyncio
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
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    here: int = 0
    came: int = 0
    refused: Result | None = None
    heard_by: int = 0
    """So many had come when the question was put that was answered by `refused`."""


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
        rush = self._rushes.setdefault(time, Rush())
        rush.here += 1
        rush.came += 1
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._in_turn(rush, rush.came, ask)
        finally:
            rush.here -= 1
            if not rush.here:
                del self._rushes[time]

    async def _in_turn(
        self, rush: Rush, number: int, ask: Callable[[], Awaitable[Result]]
    ) -> Result:
        try:
            async with asyncio.timeout(TURN):
                await rush.turn.acquire()
        except TimeoutError:
            return await ask()
        try:
            if rush.refused and number <= rush.heard_by:
                return rush.refused
            here = rush.came
            result = await ask()
            if result.outcome is Outcome.SLOT:
                rush.refused, rush.heard_by = result, here
            return result
        finally:
            rush.turn.release()
