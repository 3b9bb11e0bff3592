"""Alerts and dashboards are complete, and Prometheus' own tool accepts and tries the rules."""

import json
import re
import subprocess

import pytest

from tests import optional
from tests.observability.queries import ALERTS, DASHBOARDS, FILES, RULES, expressions, metrics_of

ROOT = FILES.parents[1]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_each_alert_says_what_is_wrong_how_urgent_it_is_and_where_to_read_on(alert):
    name = alert["alert"]
    assert alert["labels"]["severity"] in ("page", "ticket")
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
    assert f"\n### {name}\n" in (ROOT / "docs" / "operations.md").read_text()


def test_each_alert_has_a_trial_in_which_it_fires():
    trials = (FILES / "rules_test.yml").read_text()
    assert set(re.findall(r"name: (\w+) fires", trials)) == {alert["alert"] for alert in ALERTS}


def test_names_of_rules_are_unique():
    names = [rule.get("alert") or rule["record"] for rule in RULES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_each_panel_has_a_title_a_query_and_a_place_of_its_own(file):
    board = json.loads(file.read_text())
    panels = board["panels"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len({panel["id"] for panel in panels}) == len(places) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["datasource"]["uid"] == "prometheus"
        assert all(target["expr"] for target in panel["targets"])


def test_each_query_names_a_metric_and_the_docs_explain_it():
    text = (ROOT / "docs" / "observability.md").read_text()
    explained = set(re.findall(r"`(\w+)`", text))
    for where, query in expressions():
        for metric in metrics_of(query):
            if metric.startswith("chairtime_"):
                assert re.sub(r"_bucket$", "", metric) in explained, (where, metric)


def test_the_docs_name_each_alert():
    text = (ROOT / "docs" / "observability.md").read_text()
    assert [alert["alert"] for alert in ALERTS if f"`{alert['alert']}`" not in text] == []


@pytest.mark.optional("promtool")
@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", "rules.yml"],
        ["test", "rules", "rules_test.yml"],
        ["check", "config", "prometheus.yml"],
    ],
    ids=lambda words: " ".join(words),
)
def test_prometheus_accepts_the_files_and_each_alert_fires_when_it_should(command):
    done = subprocess.run(
        [optional.needed("promtool"), *command], cwd=FILES, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
