"""The scripted demo bot in a terminal, against the whole stack."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from embedded import node
from embedded.chat.dialogue import Dialogue
from embedded.chat.understanding import sentences, understood
from tests.acceptance.clinic import Clinic
from tests.acceptance.conftest import clinic, premises, standing
from tests.support import HANG

__all__ = ["clinic", "premises", "standing"]

TABLE = json.loads(Path(__file__).with_name("chat.json").read_text(encoding="utf-8"))
"""What both bots understand and say: this one, and that of the web app (web/tests/chat.test.ts)."""

NOTHING = {"intent": None, "choice": None, "wishes": {}}
CASES = [
    (language, text, NOTHING | meant)
    for language, texts in TABLE["understood"].items()
    for text, meant in texts.items()
]


@pytest.mark.parametrize(("language", "text", "meant"), CASES, ids=[case[1] for case in CASES])
def test_a_plain_sentence_is_understood(language, text, meant):
    today = date.fromisoformat(TABLE["today"])
    assert asdict(understood(text, language, today)) == meant


class ScriptedDoors:
    """Answers the calls that a turn of the table expects, and no others."""

    def __init__(self, bookings: list[str]) -> None:
        self.expected: list[Any] = []
        self._ahead = bookings

    async def tool(self, verb: str, **arguments: Any) -> dict[str, Any]:
        called, asked, answer = self.expected.pop(0)
        assert (verb, arguments) == (called, asked)
        return dict(TABLE["answers"][answer])

    async def bookings(self) -> list[str]:
        return self._ahead


@pytest.mark.parametrize("script", TABLE["conversations"], ids=lambda script: script["name"])
async def test_it_holds_the_conversations_of_the_table(script):
    doors = ScriptedDoors(script["bookings"])
    language = script["language"]
    dialogue = Dialogue(doors.tool, doors.bookings, language, {})
    says = sentences(language)["says"]
    for turn in script["turns"]:
        doors.expected = list(turn["calls"])
        if turn.get("expires"):
            heard = await dialogue.expired()
        else:
            heard = await dialogue.hear(turn["hears"], date.fromisoformat(TABLE["today"]))
        assert heard == [says[line[1:]] if line[0] == "@" else line for line in turn["says"]], turn
        assert doors.expected == [], turn


class Chat:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hears(self, sentence: str) -> None:
        self._process.stdin.write(f"{sentence}\n".encode())
        await self._process.stdin.drain()

    async def says(self, words: str) -> str:
        """Reads on until a line has these words."""
        heard = []
        async with asyncio.timeout(HANG):
            while line := (await self._process.stdout.readline()).decode():
                heard.append(line)
                if words in line:
                    return line
        raise AssertionError(f"never said {words!r}: {heard}")


@asynccontextmanager
async def chat(clinic: Clinic, patient: str, *options: str) -> AsyncIterator[Chat]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "chat", *options),
        cwd=node.CHECKOUT,
        env={
            "CHAIRTIME_URL": clinic.premises.one.url,
            "CHAIRTIME_TOKEN": clinic.token("patient", patient),
            "CHAIRTIME_HOME": str(clinic.premises.home),
            "PYTHONIOENCODING": "utf-8",
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Chat(process)
        assert await asyncio.wait_for(process.wait(), HANG) == 0
    finally:
        if process.returncode is None:
            process.kill()


async def test_it_offers_holds_books_moves_and_cancels(clinic: Clinic):
    async with chat(clinic, clinic.patient()) as bot:
        await bot.says("scripted demo")
        await bot.hears("I need a checkup in the afternoon")
        await bot.says("3. ")
        await bot.hears("something later")
        await bot.says("1. ")
        await bot.hears("the first")
        await bot.says("Shall I book it")
        await bot.hears("perhaps")
        await bot.says("did not understand")
        await bot.hears("yes")
        await bot.says("is booked")
        await bot.hears("move it to Friday with anyone")
        await bot.says("2. ")
        await bot.hears("the second")
        await bot.says("Friday")
        await bot.hears("cancel my appointment")
        await bot.says("is cancelled")
        await bot.hears("cancel my appointment")
        await bot.says("no appointment")
        await bot.hears("stop")
        await bot.says("Goodbye")


async def test_tomorrows_conversation_cancels_what_was_booked_in_this_one(clinic: Clinic):
    patient = clinic.patient()
    async with chat(clinic, patient) as bot:
        await bot.hears("a checkup")
        await bot.says("1. ")
        await bot.hears("the first")
        await bot.says("Shall I book it")
        await bot.hears("yes")
        await bot.says("is booked")
        await bot.hears("stop")
    async with chat(clinic, patient) as bot:
        await bot.hears("cancel my appointment")
        await bot.says("is booked")
        await bot.says("Shall I cancel it")
        await bot.hears("yes")
        await bot.says("is cancelled")
        await bot.hears("stop")


async def test_a_held_time_runs_out_and_it_offers_anew_in_german(clinic: Clinic):
    async with chat(clinic, clinic.patient(), "--language", "de") as bot:
        await bot.says("Skript-Demo")
        await bot.hears("Bitte kurz reservieren, so bald wie möglich")
        await bot.says("3. ")
        await bot.hears("den dritten")
        await bot.says("Soll ich ihn buchen")
        await bot.says("abgelaufen")
        await bot.says("1. ")
        await bot.hears("ende")
        await bot.says("Auf Wiedersehen")
