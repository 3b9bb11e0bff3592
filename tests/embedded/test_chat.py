"""The scripted demo bot in a terminal, against the whole stack."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date

import pytest

from embedded import node
from embedded.chat.understanding import understood
from tests.acceptance.clinic import Clinic
from tests.acceptance.conftest import clinic, premises, standing
from tests.support import HANG

__all__ = ["clinic", "premises", "standing"]

TODAY = date(2027, 3, 8)

SENTENCES = {
    "en": {
        "I need a checkup": {"wishes": {"appointment_type": "checkup"}},
        "A check-up, please!": {"wishes": {"appointment_type": "checkup"}},
        "next Tuesday afternoon": {
            "wishes": {"weekdays": ["tuesday"], "date": None, "part_of_day": "afternoon"}
        },
        "with Dr. Okafor": {"wishes": {"dentist": "dr okafor"}},
        "a cleaning with Dr. Lena Fischer on Friday": {
            "wishes": {
                "appointment_type": "cleaning",
                "dentist": "dr lena fischer",
                "weekdays": ["friday"],
                "date": None,
            }
        },
        "any dentist": {"wishes": {"dentist": None}},
        "tomorrow morning": {
            "wishes": {"date": "2027-03-09", "weekdays": None, "part_of_day": "morning"}
        },
        "the day after tomorrow": {"wishes": {"date": "2027-03-10", "weekdays": None}},
        "as soon as possible": {"wishes": {"earliest": True}},
        "the second": {"choice": 2},
        "Yes, please.": {"intent": "yes"},
        "No": {"intent": "no"},
        "no, something later": {"intent": "later"},
        "cancel my appointment": {"intent": "cancel"},
        "move it": {"intent": "move"},
        "HELP": {"intent": "help"},
        "stop": {"intent": "stop"},
        "the weather is nice": {},
        "": {},
    },
    "de": {
        "Ich brauche eine Kontrolle": {"wishes": {"appointment_type": "checkup"}},
        "nächsten Dienstag Nachmittag": {
            "wishes": {"weekdays": ["tuesday"], "date": None, "part_of_day": "afternoon"}
        },
        "bei Dr. Okafor bitte": {"wishes": {"dentist": "dr okafor"}},
        "eine Füllung übermorgen": {
            "wishes": {"appointment_type": "filling", "date": "2027-03-10", "weekdays": None}
        },
        "egal bei wem": {"wishes": {"dentist": None}},
        "den zweiten": {"choice": 2},
        "Ja!": {"intent": "yes"},
        "nein": {"intent": "no"},
        "etwas später": {"intent": "later"},
        "Bitte absagen": {"intent": "cancel"},
        "verschieben": {"intent": "move"},
        "Hilfe": {"intent": "help"},
        "stopp": {"intent": "stop"},
    },
}
CASES = [
    (language, text, {"intent": None, "choice": None, "wishes": {}} | meant)
    for language, texts in SENTENCES.items()
    for text, meant in texts.items()
]


@pytest.mark.parametrize(("language", "text", "meant"), CASES, ids=[case[1] for case in CASES])
def test_a_plain_sentence_is_understood(language, text, meant):
    assert asdict(understood(text, language, TODAY)) == meant


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
