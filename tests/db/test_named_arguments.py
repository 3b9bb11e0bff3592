"""Each call of an SQL function with several arguments names them, in migrations and in db/."""

import re
from collections.abc import Iterator
from pathlib import Path

from db.migrate import DIRECTORY

MIGRATIONS = sorted(DIRECTORY.glob("*.sql"))
CALLERS = [*MIGRATIONS, *sorted((DIRECTORY.parent / "db").glob("*.py"))]
DEFINITION = re.compile(r"create function (\w+)\(")


def arguments(text: str, start: int) -> list[str]:
    """The arguments of a call whose parenthesis opens just before `start`."""
    depth, parts = 0, [""]
    for character in text[start:]:
        if character in ")]" and depth == 0:
            return [part.strip() for part in parts if part.strip()]
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    raise ValueError(f"no closing parenthesis: {text[start : start + 60]}")


def definitions() -> Iterator[tuple[str, list[str]]]:
    for path in MIGRATIONS:
        text = path.read_text()
        for found in DEFINITION.finditer(text):
            given = arguments(text, found.end())
            yield found[1], [each for each in given if not each.startswith("out ")]


def calls(path: Path, names: set[str]) -> Iterator[tuple[str, list[str]]]:
    text = re.sub(r"--.*", "", path.read_text())
    call = re.compile(rf"(?<!function )(?<!trigger )(?<!def )\b({'|'.join(names)})\(")
    for found in call.finditer(text):
        if not text[: found.start()].endswith(('"', "`", ".")):
            yield found[1], arguments(text, found.end())


def test_each_argument_of_a_function_of_ours_is_named():
    several = {name for name, given in definitions() if len(given) > 1}
    found = [(path.name, *call) for path in CALLERS for call in calls(path, several)]
    assert {name for _, name, _ in found} == several
    unnamed = [call for call in found if not all("=>" in each for each in call[2])]
    assert unnamed == []


def test_parameters_are_told_from_columns_by_their_prefix():
    for name, given in definitions():
        rows = [each for each in given if re.match(r"[anp] \w+s$", each)]  # a row of a table
        assert all(each.startswith("p_") for each in given if each not in rows), name
