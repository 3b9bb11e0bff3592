"""`chairtime chat`: the scripted demo bot in a terminal, over the public API only."""

import asyncio
import os
import sys
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TextIO
from uuid import uuid4

import httpx2

from api.auth import development
from chairtime_client import Conversation, Event, Refused, Snapshot, booking_events
from embedded import dev_state
from embedded.chat.dialogue import OFFERED, Dialogue
from embedded.chat.understanding import Language, sentences
from settings import Settings

LABEL = {"en": "scripted demo, no language model", "de": "Skript-Demo, kein Sprachmodell"}
ENDED = ("expired", "released", "cancelled")


def run(settings: Settings, language: Language, name: str) -> int:
    """Talks until the person ends it; the exit code of the process."""
    url, token = os.environ.get("CHAIRTIME_URL"), os.environ.get("CHAIRTIME_TOKEN")
    if not url:
        running = dev_state.read(settings.chairtime_home)
        if running is None:
            print(
                "chairtime chat: no stack is running; start one with `make dev`, or set"
                " CHAIRTIME_URL and CHAIRTIME_TOKEN",
                file=sys.stderr,
            )
            return 1
        url = running.api.url
    token = token or development.token(settings, "patient", name)
    try:
        asyncio.run(Terminal(url, token, language, sys.stdout).run())
    except KeyboardInterrupt:
        return 130
    return 0


class Terminal:
    """Reads what the person types, follows the hold, and prints what the bot says."""

    def __init__(self, url: str, token: str, language: Language, output: TextIO) -> None:
        self._url, self._token, self._language = url, token, language
        self._output = output
        self._reading: asyncio.Task[str] | None = None

    async def run(self) -> None:
        self._print([f"Chairtime ({LABEL[self._language]})"])
        async with Conversation(
            self._url, self._token, str(uuid4()), language=self._language
        ) as conversation:
            dialogue = Dialogue(conversation.tool, self._bookings, self._language, {})
            self._say(dialogue.greeting())
            while not dialogue.over:
                try:
                    self._say(await self._turn(dialogue))
                except (httpx2.HTTPError, Refused) as failure:
                    self._say([sentences(self._language)["says"]["failed"], f"({failure})"])

    async def _turn(self, dialogue: Dialogue) -> list[str]:
        """What the bot says next: to the next sentence, or to the expiry of what is held."""
        self._prompt("> ")
        reading = self._reading or asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
        self._reading = reading
        waiting: set[asyncio.Task[object]] = {reading}
        if dialogue.hold:
            waiting |= {
                asyncio.create_task(self._expiry(dialogue.hold["booking_id"])),
                asyncio.create_task(self._count_down(dialogue.hold["expires_at"])),
            }
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting - {reading}:
                task.cancel()
        if reading not in done:
            for task in done:
                task.result()
            return ["", *await dialogue.expired()]
        self._reading = None
        text = reading.result()
        today = datetime.now(UTC).astimezone().date()
        return await dialogue.hear(text.strip() if text else "stop", today)

    async def _bookings(self) -> list[str]:
        """The ids of the next bookings of whoever's token it is."""
        asked = {"status": "booked,pending_approval", "from": datetime.now(UTC).isoformat()}
        headers = {"Authorization": f"Bearer {self._token}"}
        async with httpx2.AsyncClient(base_url=self._url, headers=headers) as http:
            answer = await http.get("/api/appointments", params=asked | {"limit": str(OFFERED)})
        answer.raise_for_status()
        return [each["id"] for each in answer.json()["items"]]

    async def _expiry(self, booking_id: str) -> None:
        """Returns when the event stream says that the hold has ended."""
        async with aclosing(booking_events(self._url, self._token, booking_id)) as items:
            async for item in items:
                match item:
                    case Event(kind="appointment.expired"):
                        return
                    case Snapshot(booking={"status": status}) if status in ENDED:
                        return

    async def _count_down(self, expires_at: str) -> None:
        """Shows the seconds left in the prompt, each second. Never ends: the stream says when."""
        until = datetime.fromisoformat(expires_at)
        while True:
            left = max(0, round((until - datetime.now(UTC)).total_seconds()))
            if self._output.isatty():
                # Saves the cursor, writes at the line's beginning, and restores it.
                self._prompt(f"\x1b7\r{left // 60}:{left % 60:02d} > \x1b8")
            await asyncio.sleep(1)

    def _say(self, lines: list[str]) -> None:
        self._print([f"  {line}" if line else "" for line in lines])

    def _print(self, lines: list[str]) -> None:
        print(*lines, sep="\n", file=self._output, flush=True)

    def _prompt(self, text: str) -> None:
        print(text, end="", file=self._output, flush=True)
