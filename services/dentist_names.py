"""Finds dentists by name as people say and misspell it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from rapidfuzz.distance import OSA

from domain.clinic import Dentist

TITLES = frozenset(
    "dr drs doctor doktor prof professor professorin med dent dental dmd dds bds msc phd habil dipl"
    " mr mrs ms miss mister frau herr herrn dentist zahnarzt zahnaerztin zahnarztin the bei with"
    " von van de der den la le di da y und and".split()
)
"""Words around a name that say nothing about whose it is, folded."""

GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae"})


def matching(said: str, dentists: Iterable[Dentist]) -> list[Dentist]:
    """The dentists whose name fits best, by name; several if it fits them equally well, none if it
    fits nobody. Titles, case, accents, the order of the names and small typos do not matter.
    """
    words = [word for word in _words(said) if not word <= TITLES]
    if not words:
        return []
    scored: dict[UUID, tuple[int, Dentist]] = {}
    for dentist in dentists:
        errors = _errors(words, [name for name in _words(dentist.full_name)])
        if errors is not None:
            scored[dentist.id] = errors, dentist
    best = min((errors for errors, _ in scored.values()), default=0)
    found = [dentist for errors, dentist in scored.values() if errors == best]
    return sorted(found, key=lambda each: (each.full_name, each.id))


def by_id(said: str, dentists: Mapping[UUID, Dentist]) -> Dentist | None:
    """The dentist with the id that was given instead of a name."""
    try:
        return dentists.get(UUID(said.strip()))
    except ValueError:
        return None


def _words(text: str) -> list[frozenset[str]]:
    """Each word, in all the ways to write it without accents: Müller is mueller or muller."""
    return [frozenset(_foldings(word)) for word in re.findall(r"[^\W\d_]+", text.casefold())]


def _foldings(word: str) -> Iterator[str]:
    composed = unicodedata.normalize("NFC", word)
    for each in (composed, composed.translate(GERMAN)):
        decomposed = unicodedata.normalize("NFD", each)
        yield "".join(c for c in decomposed if not unicodedata.combining(c))


def _errors(said: list[frozenset[str]], name: list[frozenset[str]]) -> int | None:
    """How many letters differ, if each word said is like another word of the name; else null."""
    left, total = list(name), 0
    for word in said:
        fits = [(errors, own) for own in left if (errors := _distance(word, own)) is not None]
        if not fits:
            return None
        errors, own = min(fits, key=lambda each: each[0])
        left.remove(own)
        total += errors
    return total


def _distance(said: frozenset[str], own: frozenset[str]) -> int | None:
    """The letters to change, or null if they are too many to be a typo."""
    least = min(OSA.distance(a, b) for a in said for b in own)
    return least if least <= _allowed(min(map(len, said))) else None


def _allowed(length: int) -> int:
    return 0 if length < 4 else 1 if length < 6 else 2
