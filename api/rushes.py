"""Many who ask for one time at once: they take turns, and who is told that it is taken has asked
for all who wait.
"""

import asyncio
import contextlib
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
class Question:
    """One that is out, and what all may hear who were there when it was put."""

    answered: asyncio.Event = field(default_factory=asyncio.Event)
    refused: Result | None = None


class Rushes:
    """The database decides, and everybody is told what was so after they had asked: a refusal is
    shared with those alone who were there before its question was put. Of two hundred, two ask.
    """

    def __init__(self) -> None:
        self._out: dict[Time, Question] = {}

    async def attempt(self, time: Time, ask: Callable[[], Awaitable[Result]]) -> Result:
        """What `ask` comes to, or a refusal of this very time that somebody else just got. Raises
        TimeoutError after PATIENCE, the wait for a turn included.
        """
        latest = asyncio.get_running_loop().time() + PATIENCE
        if time in self._out:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TURN):
                    if told := await self._told(time):
                        return told
        async with asyncio.timeout_at(latest):
            return await self._put(time, ask)

    async def _told(self, time: Time) -> Result | None:
        """A refusal whose question was put since; None once it is one's own turn."""
        if earlier := self._out.get(time):
            await earlier.answered.wait()
        while later := self._out.get(time):
            await later.answered.wait()
            if later.refused:
                return later.refused
        return None

    async def _put(self, time: Time, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Whoever has waited too long asks beside the others, and for nobody else."""
        question = Question()
        for_all = self._out.setdefault(time, question) is question
        try:
            result = await ask()
            if result.outcome is Outcome.SLOT:
                question.refused = result
            return result
        finally:
            if for_all:
                del self._out[time]
                question.answered.set()
