"""Bookings live for months, and their workflow changes meanwhile: what was recorded must replay."""

import json
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import NondeterminismError

from tests.workflows.paths import PATHS
from tests.workflows.planted import AskingFirst, NotingFirst
from tests.workflows.record import HISTORIES, OURS, VERSION
from workflows.booking import BookingWorkflow

# Our modules are deterministic or not called by workflows. Loading them once keeps their classes
# identical inside and outside the sandbox.
SANDBOX = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "domain", "activities", "db", "asyncpg"
    )
)

RECORDED = sorted(HISTORIES.glob("*.json"))


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text())


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
async def test_every_recorded_history_replays(file: Path):
    replayer = Replayer(workflows=[BookingWorkflow], workflow_runner=SANDBOX)
    await replayer.replay_workflow(history(file))


def test_every_path_is_recorded():
    names = {file.name for file in RECORDED}
    assert {f"{path.__name__}.v{VERSION}.json" for path in PATHS} <= names


@pytest.mark.parametrize("planted", [NotingFirst, AskingFirst])
@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
async def test_a_change_that_breaks_running_bookings_fails(file: Path, planted):
    replayer = Replayer(workflows=[planted], workflow_runner=UnsandboxedWorkflowRunner())
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(history(file))


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_a_history_carries_nothing_about_where_it_was_recorded(file: Path):
    text = file.read_text()
    assert not re.search(r"\d+@|/home/|/root|site-packages|\.py\b", text)
    assert _values(json.loads(text), "identity") <= {OURS["identity"]}


def _values(node: object, name: str) -> set[object]:
    match node:
        case dict():
            below = (_values(value, name) for value in node.values())
            return set().union(*below) | ({node[name]} if name in node else set())
        case list():
            return set().union(*(_values(value, name) for value in node))
        case _:
            return set()
