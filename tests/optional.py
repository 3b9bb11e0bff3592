"""Real parts that some tests need and that `make test` does not ask for. Without one its tests are
skipped, and the end of the run says how to install it.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian has servers; not on an ordinary user's PATH."""


@dataclass(frozen=True)
class Part:
    debian: str
    macos: str

    @property
    def install(self) -> str:
        return f"apt-get install {self.debian} (macOS: brew install {self.macos})"


PARTS = {
    "chromium": Part("chromium", "--cask chromium"),
    "curl": Part("curl", "curl"),
    "docker-compose": Part("docker-compose", "docker-compose"),
    "pgbouncer": Part("pgbouncer", "pgbouncer"),
    "promtool": Part("prometheus", "prometheus"),
}


def path(program: str) -> str | None:
    """Where the program is; None where it is not installed."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PROGRAMS}")


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
        f"{program}: {skipped[_reason(program)]} tests skipped; {part.install}"
        for program, part in PARTS.items()
        if skipped[_reason(program)]
    ]


def _reason(program: str) -> str:
    return f"{program} is not installed: {PARTS[program].install}"
