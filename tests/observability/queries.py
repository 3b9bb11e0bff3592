"""The PromQL of rules and dashboards, and which metrics it names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

FILES = Path(__file__).resolve().parents[2] / "deploy" / "observability"
RULES = [
    rule
    for group in yaml.safe_load((FILES / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
DASHBOARDS = sorted((FILES / "grafana" / "dashboards").glob("*.json"))

OF_PROMETHEUS = {"up"}
"""Series that Prometheus makes itself."""

SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
NAME = re.compile(r"\b((?:chairtime|temporal|process|python)[_:][\w:]+|up)\b")


def expressions() -> Iterator[tuple[str, str]]:
    """Where each query stands, and the query."""
    for rule in RULES:
        yield rule.get("alert") or rule["record"], rule["expr"]
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{file.stem}: {panel['title']}", target["expr"]


def metrics_of(query: str) -> set[str]:
    """The metrics that a query names, but those that Prometheus makes or records."""
    return set(NAME.findall(query)) - RECORDED - OF_PROMETHEUS


def labels_of(query: str) -> Iterator[tuple[str, str, str]]:
    """Metric, label and value of each `=` matcher."""
    for metric, matchers in SELECTOR.findall(query):
        for label, value in re.findall(r'(\w+)="([^"]*)"', matchers):
            yield metric, label, value
