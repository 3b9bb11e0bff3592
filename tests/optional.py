"""Real parts that some tests need and that `make test` does not ask for. Without one its tests are
skipped, and the end of the run says how to install it.
"""

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from embedded import paths

SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian has servers; not on an ordinary user's PATH."""

POSTGRES_PROGRAMS = map(str, Path("/usr/lib/postgresql").glob("*/bin"))

COMPOSE = (Path(__file__).resolve().parents[1] / "docker-compose.yml").read_text()
[TEMPORAL_VERSION] = re.findall(r"image: temporalio/server:(\S+)", COMPOSE)
TEMPORAL_PROGRAMS = paths.cache() / "rehearsal" / "programs" / TEMPORAL_VERSION
"""Where `make rehearse` builds them."""

DIRECTORIES = ":".join([SYSTEM_PROGRAMS, *POSTGRES_PROGRAMS, str(TEMPORAL_PROGRAMS)])


def _package(debian: str, macos: str) -> str:
    return f"apt-get install {debian} (macOS: brew install {macos})"


PARTS = {
    "chromium": _package("chromium", "--cask chromium"),
    "curl": _package("curl", "curl"),
    "docker-compose": _package("docker-compose", "docker-compose"),
    "initdb": _package("postgresql", "postgresql"),
    "pgbouncer": _package("pgbouncer", "pgbouncer"),
    "promtool": _package("prometheus", "prometheus"),
    "temporal-server": f"make rehearse builds {TEMPORAL_VERSION}",
    "temporal-sql-tool": f"make rehearse builds {TEMPORAL_VERSION}",
}
"""By their programs; how to get each."""


def path(program: str) -> str | None:
    """Where the program is; None where it is not installed."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{DIRECTORIES}")


def needed(program: str) -> str:
    """Where the program is. Without it the test is skipped."""
    found = path(program)
    if found is None:
        pytest.skip(_reason(program))
    return found


def missing(reasons: Iterable[str]) -> list[str]:
    """A line for each part for whose lack tests were skipped, from the reasons of all skips."""
    skipped = Counter(reasons)
    return [
        f"{program}: {skipped[_reason(program)]} tests skipped; {install}"
        for program, install in PARTS.items()
        if skipped[_reason(program)]
    ]


def _reason(program: str) -> str:
    return f"{program} is not installed: {PARTS[program]}"
