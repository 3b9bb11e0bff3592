"""Programs that Debian does not have in the version that is needed: built once by `go install`."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from embedded import paths

OWN = paths.cache() / "rehearsal"
"""Outside the checkout: what is here stays for the next rehearsal."""

MODULES = {
    "caddy": "github.com/caddyserver/caddy/v2/cmd/caddy",
    "docker-compose": "github.com/docker/compose/v2/cmd",
    "temporal-server": "go.temporal.io/server/cmd/server",
    "temporal-sql-tool": "go.temporal.io/server/cmd/tools/sql",
    "temporal-ui": "github.com/temporalio/ui-server/v2/cmd/server",
}


class CannotBuild(Exception):
    """The message is the end of what `go install` says."""


def obtain(name: str, version: str, say: Callable[[str], None]) -> Path:
    """The program of this version. Raises CannotBuild."""
    made = OWN / "programs" / version / name
    if not made.exists():
        say(f"go install {MODULES[name]}@v{version} (minutes, once)")
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=OWN) as directory:
            _install(f"{MODULES[name]}@v{version}", directory)
            (built,) = Path(directory).iterdir()
            built.rename(made)
    return made


def _install(module: str, directory: str) -> None:
    go = shutil.which("go")
    if not go:
        raise CannotBuild("install Go")
    done = subprocess.run(
        ["nice", "-n", "15", go, "install", "-ldflags=-s -w", module],
        env={**os.environ, "GOBIN": directory, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CannotBuild(done.stderr[-500:])
