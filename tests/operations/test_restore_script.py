"""`deploy/restore.sh` destroys nothing before it has read the whole backup, and starts nothing that
would serve readers of the time before the restore.
"""

import os
import subprocess
from pathlib import Path

import pytest

from embedded.binaries import binaries
from tests.operations import backups

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "restore.sh"
COMPOSE = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
  *"pg_restore --file"*) exec "$BINARIES/pg_restore" --file /dev/null ;;
  *"migrate restored"*) exit "${RESTORED:-0}" ;;
esac
"""
"""In place of `docker compose`: notes its calls, and reads dumps as the service `postgres` does."""


@pytest.fixture
async def directory(dsn, tmp_path) -> Path:
    """A backup."""
    for database in ("chairtime", "temporal", "temporal_visibility"):
        await backups.dump(dsn, tmp_path / f"{database}.dump")
    return tmp_path


def restore(directory: Path, **environment: str) -> tuple[int, str, list[str]]:
    """The exit code, what was said, and the calls of compose."""
    compose, calls = directory / "compose", directory / "calls"
    compose.write_text(COMPOSE)
    compose.chmod(0o755)
    sleep = directory / "sleep"
    sleep.write_text("#!/bin/sh\n")
    sleep.chmod(0o755)
    done = subprocess.run(
        ["sh", str(SCRIPT), str(directory)],
        env={
            "PATH": f"{directory}:{os.environ['PATH']}",
            "COMPOSE": str(compose),
            "CALLS": str(calls),
            "BINARIES": str(binaries()),
            **environment,
        },
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr, calls.read_text().splitlines() if calls.exists() else []


async def test_backup_is_restored_and_everything_started(directory):
    code, said, calls = restore(directory)
    assert code == 0, said
    assert any("dropdb" in call and call.endswith("chairtime") for call in calls)
    assert calls[-2:] == ["run --rm -T migrate restored", "up --detach"]


@pytest.mark.parametrize("database", ["chairtime", "temporal", "temporal_visibility"])
async def test_damaged_dump_changes_nothing(directory, database):
    dump = directory / f"{database}.dump"
    dump.write_bytes(dump.read_bytes()[:-200])
    code, said, calls = restore(directory)
    assert code == 1
    assert f"{database}.dump is damaged" in said
    assert not [call for call in calls if "dropdb" in call or call.startswith("stop")]


async def test_missing_dump_changes_nothing(directory):
    (directory / "temporal.dump").unlink()
    code, said, calls = restore(directory)
    assert code == 1
    assert "temporal.dump is missing" in said
    assert not [call for call in calls if "dropdb" in call or call.startswith("stop")]


async def test_nothing_starts_before_the_new_event_epoch(directory):
    code, said, calls = restore(directory, RESTORED="1")
    assert code == 1
    assert "API and workers are still stopped" in said
    assert "up --detach" not in calls
