"""The words by which people are found: of any script, whatever their case and accents."""

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain

APOSTROPHES = str.maketrans(
    dict.fromkeys("\u2019\u02bc\u02bb\u02b9\u2032\u201b\u05f3`\u00b4\u2018\uff07", "'")
)
"""As people type them: O'Brien is found as obrien too."""

JOINERS = frozenset("'")

HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u00ad\u058a\uff0d")
INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff")

PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i"}
    | {"æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters whose stroke or ligature Unicode does not take apart."""

LONGEST_WORD = 200
"""Characters; a lexeme of Postgres has 2 KiB at most."""


def folded(text: str) -> str:
    """Without case and accents: Jörg, JÖRG and Jorg are one, composed or not. Vowel signs, which
    are marks too, stay.
    """
    compatible = unicodedata.normalize("NFKD", text.translate(APOSTROPHES))
    taken_apart = unicodedata.normalize("NFKD", compatible.casefold())
    plain = taken_apart.translate(PLAIN)
    return "".join(c for c in plain if not unicodedata.combining(c) and c not in INVISIBLE)


def indexed(texts: Iterable[str | None]) -> list[str]:
    """The words to find these texts by, each once: the parts of a word with hyphens or apostrophes,
    and the whole.
    """
    found: set[str] = set()
    for text in texts:
        for chunk in folded(text or "").split():
            found.update(_parts(chunk), _parts(chunk, JOINERS), _parts(chunk, JOINERS | HYPHENS))
    return sorted(found)


def sought(text: str) -> list[str]:
    """The words of a search, each of which must begin a word that was indexed."""
    chunks = folded(text).split()
    return list(dict.fromkeys(chain(*(_parts(chunk, JOINERS) for chunk in chunks))))


def _parts(chunk: str, ignored: frozenset[str] = frozenset()) -> Iterator[str]:
    """Runs of letters, digits and marks."""
    text = "".join(c for c in chunk if c not in ignored)
    spaced = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in text)
    return (word[:LONGEST_WORD] for word in spaced.split())
