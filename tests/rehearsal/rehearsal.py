"""What the steps of a rehearsal share: the stack, a practice, and the judge of what callers saw."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.rehearsal.load import History
from tests.rehearsal.practice import Practice
from tests.rehearsal.stack import ONE_SHOT, Stack

CALLERS = 6
JUDGE = Path(__file__).with_name("judge.py")
INFORMATION = {"bookings", "latest_expiry_s", "agreed_after_s"}
"""What the judge says that cannot be wrong."""


class Failed(Exception):
    """Something that must be true is not; the message says what."""


@dataclass(frozen=True)
class Verdict:
    bookings: int
    agreed_after: float
    """Seconds until rows and workflows agreed."""


@dataclass
class Rehearsal:
    stack: Stack
    practice: Practice
    secret: str
    """The key of the tests' issuer of tokens."""
    say: Callable[[str], None]

    @property
    def servers(self) -> list[str]:
        """The services that run."""
        found = dict.fromkeys(each.service for each in self.stack.containers())
        return [name for name in found if name not in ONE_SHOT]

    async def look(self, history: History, *, restored: bool = False) -> dict[str, Any]:
        """What the judge says."""
        given = {"ends": history.ended, "restored": restored}
        found: dict[str, Any] = await thread(self.stack.python, JUDGE, given)
        return found

    async def judge(self, history: History, *, restored: bool = False) -> Verdict:
        """Bookings, workflows and the history agree, which gets two minutes to come about. After a
        restore nobody has followed the events. Raises Failed.
        """
        if not history.ended:
            raise Failed("no visit was booked")
        verdict = await self.look(history, restored=restored)
        versions = verdict.pop("versions")
        unheard = [id for id in history.ended if history.heard.get(id) != versions.get(id)]
        wrong = {
            "final refusals": dict(history.refused),
            "no answer in time": history.lost,
            "events missed": [] if restored else history.missed,
            "last event not heard": [] if restored else unheard[:5],
            **{name: value for name, value in verdict.items() if name not in INFORMATION},
        }
        if found := {name: value for name, value in wrong.items() if value}:
            raise Failed(json.dumps(found))
        self.say(
            f"  judge: {len(history.ended)} visits, {verdict['bookings']} rows and workflows agree;"
            f" latest expiry {verdict['latest_expiry_s']} s; longest wait for an answer"
            f" {history.slowest_outage:.1f} s; repeats {dict(history.repeated) or 'none'}"
        )
        return Verdict(verdict["bookings"], verdict["agreed_after_s"])


async def thread(function: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(function, *arguments)


class Watch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
