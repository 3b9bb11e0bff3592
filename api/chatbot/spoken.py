"""Dates, times and names as they are said, in English and German."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = ("en", "de")

LONGEST_NAME = 60
"""Characters of a name in a sentence."""

WEEKDAYS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
MONTHS: Mapping[Language, tuple[str, ...]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
}
MARKS = frozenset('“”„"«»<>[]{}`\\')
"""Quotes and brackets, which names do not need."""

QUOTES: Mapping[Language, tuple[str, str]] = {"en": ("“", "”"), "de": ("„", "“")}


class ForeignZone(ZoneInfo):
    """A zone that is not the clinic's: its city is said with each time, so that nobody takes the
    time for the clinic's.
    """

    @property
    def city(self) -> str:
        return self.key.rpartition("/")[2].replace("_", " ")


def date(at: datetime, language: Language) -> str:
    """`Monday, 30 November 2026`."""
    weekday, month = WEEKDAYS[language][at.weekday()], MONTHS[language][at.month - 1]
    day = f"{at.day}." if language == "de" else str(at.day)
    return f"{weekday}, {day} {month} {at.year}"


def clock(at: datetime, language: Language) -> str:
    """`09:00`; with the offset where the clock shows this time twice that day, and `09:00 (Tokyo
    time)` in a zone that is not the clinic's.
    """
    shown = f"{at:%H:%M}" + (" Uhr" if language == "de" else "")
    if _is_ambiguous(at):
        shown += f" ({_offset(at)})"
    if isinstance(at.tzinfo, ForeignZone):
        city = at.tzinfo.city
        shown += f" ({city} time)" if language == "en" else f" (Ortszeit {city})"
    return shown


def moment(at: datetime, language: Language) -> str:
    """`Monday, 30 November 2026 at 09:00`."""
    between = " um " if language == "de" else " at "
    return date(at, language) + between + clock(at, language)


def duration(span: timedelta, language: Language) -> str:
    minutes = round(span.total_seconds() / 60)
    if language == "de":
        return f"{minutes} Minute" if minutes == 1 else f"{minutes} Minuten"
    return f"{minutes} minute" if minutes == 1 else f"{minutes} minutes"


def plain(text: str) -> str:
    """A name on one line, bounded, without quotes, brackets, controls or invisible characters, so
    that it can neither leave its place in a sentence nor pose as markup.
    """
    kept = "".join(
        " " if unicodedata.category(each)[0] in "CZ" or each in MARKS else each
        for each in text
        if unicodedata.category(each) != "Cf"
    )
    line = " ".join(kept.split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"


def quoted(name: str, language: Language) -> str:
    """A name that somebody entered, in quotation marks."""
    opening, closing = QUOTES[language]
    return f"{opening}{plain(name)}{closing}"


def _is_ambiguous(at: datetime) -> bool:
    """Whether the clock of its zone shows this time twice, as at the end of summer time."""
    return at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()


def _offset(at: datetime) -> str:
    shown = f"{at:%z}"
    return f"UTC{shown[:3]}:{shown[3:5]}"
