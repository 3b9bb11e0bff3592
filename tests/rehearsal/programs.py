"""Programs that Debian does not have in the version that is needed: built once from Go modules."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from embedded import paths

OWN = paths.cache() / "rehearsal"
"""Outside the checkout: what is here stays for the next rehearsal."""

PACKAGES = {
    "caddy": ("github.com/caddyserver/caddy/v2", "cmd/caddy"),
    "docker-compose": ("github.com/docker/compose/v2", "cmd"),
    "temporal-server": ("go.temporal.io/server", "cmd/server"),
    "temporal-sql-tool": ("go.temporal.io/server", "cmd/tools/sql"),
    "temporal-ui": ("github.com/temporalio/ui-server/v2", "cmd/server"),
}
"""Module and package of each program."""


class CannotBuild(Exception):
    """The message is the end of what Go says."""


def obtain(name: str, version: str, say: Callable[[str], None]) -> Path:
    """The program of this version. Raises CannotBuild."""
    made = OWN / "programs" / version / name
    if not made.exists():
        module, package = PACKAGES[name]
        say(f"go build {module}@v{version} (minutes, once)")
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=OWN) as directory:
            draft = Path(directory) / name
            _build(module, package, version, draft)
            draft.rename(made)
    return made


def _build(module: str, package: str, version: str, program: Path) -> None:
    """Builds in the module's own folder, as `go install` refuses modules that exclude versions."""
    found = _go("mod", "download", "-json", f"{module}@v{version}", directory=program.parent)
    flags = f"-ldflags=-s -w -X {module}/internal.Version={version}"
    folder = Path(json.loads(found)["Dir"])
    _go("build", "-o", str(program), flags, f"./{package}", directory=folder)


def _go(*arguments: str, directory: Path) -> str:
    go = shutil.which("go")
    if not go:
        raise CannotBuild("install Go")
    done = subprocess.run(
        ["nice", "-n", "15", go, *arguments],
        cwd=directory,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CannotBuild(done.stderr[-500:])
    return done.stdout
