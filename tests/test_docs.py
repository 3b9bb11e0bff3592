"""The docs name what is there, all of it, and nothing else."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import api
from api.http import errors
from domain.events import Kind, Topic
from realtime.frames import Ending, Reset

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "AGENTS.md", *(ROOT / "docs").rglob("*.md")]
TEXT = "\n".join(page.read_text() for page in PAGES)
EVENTS = (ROOT / "docs" / "events.md").read_text()
LIMITS = {"README.md": 150, "AGENTS.md": 80} | {
    f"docs/decisions/{page.name}": 40 for page in (ROOT / "docs" / "decisions").glob("0*.md")
}


def test_every_route_is_documented():
    missing = [route for route in _routes() if not re.search(rf"`{re.escape(route)}[`?]", TEXT)]
    assert missing == []


def test_every_documented_route_exists():
    named = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)[`?]", TEXT))
    assert named - set(_routes()) == set()


@pytest.mark.parametrize("code", errors.STATUS)
def test_every_problem_code_is_explained_with_its_status(code):
    rows = re.findall(rf"^\| ([\d, ]+) \| .*`{code}`", TEXT, re.MULTILINE)
    assert any(str(errors.STATUS[code]) in row for row in rows)


def test_the_list_of_events_is_complete_and_closed():
    assert set(
        re.findall(
            r"^\| `((?:appointment|slot|schedule|profile|webhook)\.\w+)` \|", EVENTS, re.MULTILINE
        )
    ) == set(Kind)


def test_topics_endings_and_reasons_for_a_reset_are_explained():
    for word in (*Topic, *Ending, *Reset):
        assert f"`{word}`" in EVENTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_named_files_are_there(page):
    text = page.read_text()
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / link).exists(), link
    for path in re.findall(r"`((?:\w+/)+\w+\.\w+)`", text):
        assert (ROOT / path).exists(), path


def test_the_tests_that_are_named_exist():
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    written = {
        name
        for file in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert named - written == set()


@pytest.mark.parametrize("page", LIMITS)
def test_documents_stay_within_their_length(page):
    assert len((ROOT / page).read_text().splitlines()) <= LIMITS[page]


def _routes() -> Iterator[str]:
    for found in pkgutil.walk_packages(api.__path__, "api."):
        router = getattr(importlib.import_module(found.name), "router", None)
        for route in router.routes if router else ():
            for method in sorted(route.methods - {"HEAD"}):
                yield f"{method} {route.path_format}"
