"""Search words of names in any script, ignoring case and accents."""

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain

APOSTROPHES = str.maketrans(
    dict.fromkeys("\u2019\u02bc\u02bb\u02b9\u2032\u201b\u05f3`\u00b4\u2018\uff07", "'")
)
"""Characters typed as apostrophes, normalised to one, so that O'Brien is also found as obrien."""

JOINERS = frozenset("'")

HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u00ad\u058a\uff0d")
INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff")

PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i"}
    | {"æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters with a stroke or ligature that Unicode does not decompose."""

LONGEST_WORD = 200
"""Characters; a lexeme of Postgres has 2 KiB at most."""


def folded(text: str) -> str:
    """The text without case and accents: Jörg, JÖRG and Jorg are equal, composed or decomposed.
    Vowel signs stay, although they are marks.
    """
    compatible = unicodedata.normalize("NFKD", text.translate(APOSTROPHES))
    taken_apart = unicodedata.normalize("NFKD", compatible.casefold())
    plain = taken_apart.translate(PLAIN)
    return "".join(c for c in plain if not unicodedata.combining(c) and c not in INVISIBLE)


def indexed(texts: Iterable[str | None]) -> list[str]:
    """The index words of these texts, without duplicates. A word with hyphens or apostrophes is
    indexed by its parts and as a whole.
    """
    found: set[str] = set()
    for text in texts:
        for chunk in folded(text or "").split():
            found.update(_parts(chunk), _parts(chunk, JOINERS), _parts(chunk, JOINERS | HYPHENS))
    return sorted(found)


def sought(text: str) -> list[str]:
    """The words of a search; each must be a prefix of an indexed word."""
    chunks = folded(text).split()
    return list(dict.fromkeys(chain(*(_parts(chunk, JOINERS) for chunk in chunks))))


def _parts(chunk: str, ignored: frozenset[str] = frozenset()) -> Iterator[str]:
    """Runs of letters, digits and marks."""
    text = "".join(c for c in chunk if c not in ignored)
    spaced = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in text)
    return (word[:LONGEST_WORD] for word in spaced.split())
