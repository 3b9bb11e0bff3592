"""What a plain sentence means, by the table that the web page reads too (`sentences.json`)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

Language = Literal["en", "de"]
Phrases = Mapping[str, Sequence[str]]

LONGEST_NAME = 4
"""Words of a dentist's name."""


@dataclass(frozen=True, slots=True)
class Understood:
    intent: str | None = None
    choice: int | None = None
    wishes: Mapping[str, Any] | None = None
    """Arguments of find_slots; null for those that no longer count."""


@cache
def sentences(language: Language) -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(
        Path(__file__).with_name("sentences.json").read_text(encoding="utf-8")
    )[language]
    return table


def understood(text: str, language: Language, today: date) -> Understood:
    table, said = sentences(language), _normal(text)
    choice = _named(table["choices"], said)
    return Understood(
        _named(table["intents"], said), int(choice) if choice else None, _wishes(table, said, today)
    )


def _wishes(table: Mapping[str, Any], said: str, today: date) -> Mapping[str, Any]:
    wishes: dict[str, Any] = {}
    if treatment := _named(table["treatments"], said):
        wishes["appointment_type"] = treatment
    if day := _named(table["days"], said):
        wishes |= {"date": str(today + timedelta(days=int(day))), "weekdays": None}
    if weekday := _named(table["weekdays"], said):
        wishes |= {"weekdays": [weekday], "date": None}
    if part := _named(table["parts"], said):
        wishes["part_of_day"] = part
    if dentist := _dentist(table, said):
        wishes["dentist"] = dentist
    flag = _named(table["flags"], said)
    if flag == "anyone":
        wishes["dentist"] = None
    if flag == "earliest":
        wishes["earliest"] = True
    return wishes


def _dentist(table: Mapping[str, Any], said: str) -> str | None:
    """The words after “with”, up to one that means something else."""
    words = said.split()
    marks = [n for n, word in enumerate(words) if word in table["with"]]
    if not marks:
        return None
    other = set(table["little"])
    for name in ("treatments", "weekdays", "days", "parts"):
        other |= {word for phrases in table[name].values() for word in phrases}
    named: list[str] = []
    for word in words[marks[0] + 1 :][:LONGEST_NAME]:
        if word in other:
            break
        named.append(word)
    return " ".join(named) or None


def _named(meanings: Mapping[str, Sequence[str]], said: str) -> str | None:
    """The meaning of which a phrase was said; the first in the table if there are several."""
    padded = f" {said} "
    for meaning, phrases in meanings.items():
        if any(f" {phrase} " in padded for phrase in phrases):
            return meaning
    return None


def _normal(text: str) -> str:
    """In lower case, without punctuation."""
    return " ".join(re.sub(r"[^\w]", " ", text.lower()).split())
