"""State of the running development stack: `dev.json` for scripts, and a lock while it runs."""

import contextlib
import fcntl
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path


class AlreadyRunning(Exception):
    """This checkout's stack is running already."""


@dataclass(frozen=True)
class Api:
    url: str
    metrics_url: str


@dataclass(frozen=True)
class TemporalServer:
    address: str
    ui_url: str | None


@dataclass(frozen=True)
class Database:
    url: str


@dataclass(frozen=True)
class DevState:
    """The content of dev.json. `processes` maps the name of each part to its pid."""

    api: Api
    temporal: TemporalServer
    database: Database
    processes: dict[str, int] = field(default_factory=dict)

    def write(self, home: Path) -> None:
        """Replaces dev.json atomically: a reader finds the old or the new content."""
        draft = home / "dev.json.new"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(home / "dev.json")


def read(home: Path) -> DevState | None:
    """The state of the running stack; None if none runs, even if a killed one left its file."""
    if not running(home):
        return None
    try:
        content = json.loads((home / "dev.json").read_text())
    except FileNotFoundError:
        return None
    return DevState(
        Api(**content["api"]),
        TemporalServer(**content["temporal"]),
        Database(**content["database"]),
        content["processes"],
    )


def running(home: Path) -> bool:
    try:
        with exclusive(home):
            return False
    except AlreadyRunning:
        return True


@contextlib.contextmanager
def exclusive(home: Path) -> Iterator[None]:
    """Locks the checkout for one stack; raises AlreadyRunning. The lock of a dead
    process is free.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise AlreadyRunning(f"already running from {home.parent}") from taken
        yield
