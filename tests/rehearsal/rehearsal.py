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
INFORMATION = {"bookings", "latest_expiry_s"}
"""What the judge says that cannot be wrong."""


class Failed(Exception):
    """Something that must be true is not; the message says what."""


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

    async def judge(self, history: History, *, events: bool = True) -> int:
        """The number of bookings, all in agreement with the history, rows and workflows, which
        gets two minutes to come about. Raises Failed.
        """
        if not history.ended:
            raise Failed("no visit was booked")
        verdict = await thread(self.stack.python, JUDGE, history.ended)
        versions = verdict.pop("versions")
        unheard = [id for id in history.ended if history.heard.get(id) != versions.get(id)]
        wrong = {
            "final refusals": dict(history.refused),
            "no answer in time": history.lost,
            "events missed": history.missed if events else [],
            "last event not heard": unheard[:5] if events else [],
            **{name: value for name, value in verdict.items() if name not in INFORMATION},
        }
        if found := {name: value for name, value in wrong.items() if value}:
            raise Failed(json.dumps(found))
        self.say(
            f"  judge: {len(history.ended)} visits, {verdict['bookings']} rows and workflows agree;"
            f" latest expiry {verdict['latest_expiry_s']} s; longest wait for an answer"
            f" {history.slowest_outage:.1f} s; repeats {dict(history.repeated) or 'none'}"
        )
        return int(verdict["bookings"])


async def thread(function: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(function, *arguments)


class Watch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
