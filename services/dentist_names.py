"""Finds dentists by name as people say and misspell it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from uuid import UUID

from rapidfuzz.distance import OSA

from domain.clinic import Dentist

IGNORED = frozenset(
    "dr drs doctor doktor prof professor professorin med dent dental dmd dds bds msc phd habil dipl"
    " mr mrs ms miss mister fr frau hr herr herrn dentist zahnarzt zahnaerztin zahnarztin"
    " a an at beim bei bitte by please see the to with zu zum"
    " da de del den der di la le und van von y".split()
)
"""Words around a name that say nothing about whose it is, folded: titles, prepositions, particles.
"""

GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "æ": "ae"})

SOUNDS = (("ph", "f"), ("th", "t"), ("dt", "t"), ("ck", "k"), ("ay", "ei"), ("ai", "ei"))
SAME_SOUND = (*SOUNDS, ("ey", "ei"), ("y", "i"), ("v", "f"), ("z", "s"), ("c", "k"))
"""Spellings that sound alike, as in Meier, Maier and Mayer."""

SHORTEST_BY_SOUND = 4
"""Letters of a word that may be found by its sound."""

Spellings = frozenset[str]


def matching(said: str, dentists: Iterable[Dentist]) -> list[Dentist]:
    """The dentists whose name fits best, by name; several if it fits them equally well, none if it
    fits nobody. Titles, case, accents, the order of the names and small typos do not matter.
    """
    words = [word for word in _words(said) if not word <= IGNORED]
    if not words:
        return []
    joined = [frozenset(map("".join, zip(*map(sorted, words), strict=False)))]
    scored: list[tuple[int, Dentist]] = []
    for dentist in dentists:
        name = _words(dentist.full_name)
        errors = _errors(words, name)
        if errors is None:
            errors = _errors(joined, _runs(name))
        if errors is not None:
            scored.append((errors, dentist))
    best = min((errors for errors, _ in scored), default=0)
    found = [dentist for errors, dentist in scored if errors == best]
    return sorted(found, key=lambda each: (each.full_name, each.id))


def by_id(said: str, dentists: Mapping[UUID, Dentist]) -> Dentist | None:
    """The dentist with the id that was given instead of a name."""
    try:
        return dentists.get(UUID(said.strip()))
    except ValueError:
        return None


def _words(text: str) -> list[Spellings]:
    """Each word, in all the ways to write it without accents: Müller is mueller or muller."""
    bare = re.sub("['`\u2019\u02bc\u00b4]", "", text.casefold())
    return [frozenset(_foldings(word)) for word in re.findall(r"[^\W\d_]+", bare)]


def _foldings(word: str) -> Iterator[str]:
    composed = unicodedata.normalize("NFC", word)
    for each in (composed, composed.translate(GERMAN)):
        decomposed = unicodedata.normalize("NFD", each)
        yield "".join(c for c in decomposed if not unicodedata.combining(c))


def _runs(name: list[Spellings]) -> list[Spellings]:
    """Neighbouring words of a name written as one, as in Vandenberg."""
    return [
        frozenset(map("".join, zip(*map(sorted, name[first:last]), strict=False)))
        for first, last in combinations(range(len(name) + 1), 2)
    ]


def _errors(said: list[Spellings], name: list[Spellings]) -> int | None:
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


def _distance(said: Spellings, own: Spellings) -> int | None:
    """The letters to change, or null if they are too many to be a typo. What sounds alike counts as
    one letter.
    """
    if said & own:
        return 0
    long = min(map(len, said)) >= SHORTEST_BY_SOUND
    if long and {_sound(each) for each in said} & {_sound(each) for each in own}:
        return 1
    least = min(OSA.distance(a, b) for a in said for b in own)
    return least if least <= _allowed(min(map(len, said))) else None


def _sound(word: str) -> str:
    for written, sound in SAME_SOUND:
        word = word.replace(written, sound)
    return re.sub(r"(.)\1", r"\1", word)


def _allowed(length: int) -> int:
    return 0 if length < 4 else 1 if length < 6 else 2
