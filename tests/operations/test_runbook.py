"""The runbook and the page on Supabase name commands, settings and alerts that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import cli
from settings import Settings

ROOT = Path(__file__).resolve().parents[2]
RULES = yaml.safe_load((ROOT / "deploy" / "observability" / "rules.yml").read_text())
ALERTS = [rule["alert"] for group in RULES["groups"] for rule in group["rules"] if "alert" in rule]
RUNBOOK = (ROOT / "docs" / "operations.md").read_text()
PAGES = {name: (ROOT / "docs" / name).read_text() for name in ("operations.md", "supabase.md")}

COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES = set(yaml.safe_load(COMPOSE)["services"])
WITH_VALUE = {"--tail", "--since", "--entrypoint"}
"""Options of docker compose whose value is a word of its own."""

OTHERS = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "NUM_HISTORY_SHARDS"}
"""Temporal's own variables."""


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_has_its_first_three_moves(alert):
    section = re.search(rf"^### {alert}\n(.*?)(?=^##|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert section, f"docs/operations.md lacks ### {alert}"
    assert re.findall(r"^(\d)\. \S", section[1], re.MULTILINE) == ["1", "2", "3"]


@pytest.mark.parametrize("page", PAGES)
def test_named_commands_exist(page):
    commands = {
        command.name or command.callback.__name__ for command in cli.app.registered_commands
    }
    known = {name.replace("_", "-") for name in commands}
    named = set(re.findall(r"`chairtime ([a-z-]+)", PAGES[page]))
    named |= set(re.findall(r"^chairtime ([a-z-]+)", PAGES[page], re.MULTILINE))
    assert named
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES)
def test_named_settings_exist(page):
    known = {name.upper() for name in Settings.model_fields} | OTHERS
    known |= set(re.findall(r"\$\{(\w+)", COMPOSE))
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", PAGES[page]))
    assert named - known - {"AUTO_UPGRADE"} == set()


def test_named_services_are_in_the_compose_file():
    named = set(_services())
    assert {"api", "worker", "postgres", "temporal", "temporal-namespace"} <= named
    assert named - SERVICES == set()


def _services() -> Iterator[str]:
    """The service of each `docker compose` command that names one."""
    for command in re.findall(r"docker compose (?:exec|logs|ps|restart|run|up) ([^`|]+)", RUNBOOK):
        words = iter(command.split())
        for word in words:
            if word in WITH_VALUE:
                next(words)
            elif not word.startswith("-"):
                yield word
                break


async def test_named_queries_fit_the_schema(pool):
    queries = re.findall(r'psql -c "(select .*?)"', RUNBOOK, re.DOTALL)
    assert len(queries) > 5
    async with pool.acquire() as connection:
        for query in queries:
            await connection.prepare(query.replace("PID", "0"))


def test_named_scripts_exist():
    for page in PAGES.values():
        for script in re.findall(r"`(deploy/[\w./-]+\.(?:sh|sql))", page):
            assert (ROOT / script).exists(), script
