"""`deploy/roll.sh` ends an old process only when a new one is healthy, else says what to do."""

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "roll.sh"
DOCKER = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
  *"up --detach"*) touch "$CALLS.up" ;;
  "compose ps -q"*) [ -z "$OLD" ] || echo "$OLD"; [ ! -e "$CALLS.up" ] || echo new ;;
  *"inspect"*new) echo "$NEW" ;;
  *"inspect"*) echo healthy ;;
esac
"""
"""In place of `docker`. `OLD`: the running processes, `NEW`: the health of the new one."""


def roll(directory: Path, old: str, new: str) -> tuple[int, str, list[str]]:
    """The exit code, what was said, and the calls that stop or remove something."""
    for name, text in {"docker": DOCKER, "sleep": "#!/bin/sh\n"}.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
    calls = directory / "calls"
    done = subprocess.run(
        ["sh", str(SCRIPT), "worker"],
        env={
            "PATH": f"{directory}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "OLD": old,
            "NEW": new,
        },
        capture_output=True,
        text=True,
    )
    ended = [call for call in calls.read_text().splitlines() if call.startswith(("stop", "rm"))]
    return done.returncode, done.stdout + done.stderr, ended


def test_old_processes_end_after_new_ones_are_healthy(tmp_path):
    code, said, ended = roll(tmp_path, old="one two", new="healthy")
    assert (code, said) == (0, "worker: 2 processes replaced\n")
    assert ended == ["stop --time 15 one", "rm one", "stop --time 15 two", "rm two"]


def test_a_new_process_that_is_not_healthy_leaves_the_old_ones_and_is_named(tmp_path):
    code, said, ended = roll(tmp_path, old="one two", new="starting")
    assert (code, ended) == (1, [])
    assert "worker: new is not healthy; the old processes still run" in said
    assert "docker rm --force new" in said


def test_a_service_without_processes_is_not_said_to_be_replaced(tmp_path):
    code, said, ended = roll(tmp_path, old="", new="healthy")
    assert (code, ended) == (1, [])
    assert "worker: no process runs; start it with 'docker compose up --detach worker'" in said
