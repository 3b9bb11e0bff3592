"""The last release, checked out of the repository's own tag."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

TAG = "v0.1.0"
"""The oldest release whose processes may run beside this version's, during an upgrade."""

ROOT = Path(__file__).resolve().parents[2]


def check_out(directory: Path) -> Path:
    """The files of the release; skips the test where the clone has no tags."""
    git = ["git", "-C", str(ROOT)]
    known = subprocess.run([*git, "rev-parse", "-q", "--verify", f"{TAG}^{{commit}}"])
    if known.returncode:
        pytest.skip(f"this clone has no tag {TAG}: run `git fetch --tags --unshallow`")
    archive = subprocess.run([*git, "archive", TAG], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(directory, filter="data")
    return directory
