"""What a running stack tells others: `dev.json` for scripts, and a lock that says that it runs."""

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
class Record:
    """The content of dev.json. `processes` has the pids of the parts themselves, by name."""

    api: Api
    temporal: TemporalServer
    database: Database
    processes: dict[str, int] = field(default_factory=dict)

    def write(self, home: Path) -> None:
        """Atomically: a reader finds the old or the new content."""
        draft = home / "dev.json.new"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(home / "dev.json")


def read(home: Path) -> Record | None:
    """The record of the stack that runs now; None where none does, whatever a killed one left."""
    if not running(home):
        return None
    try:
        content = json.loads((home / "dev.json").read_text())
    except FileNotFoundError:
        return None
    return Record(
        Api(**content["api"]),
        TemporalServer(**content["temporal"]),
        Database(**content["database"]),
        content["processes"],
    )


def running(home: Path) -> bool:
    try:
        with alone(home):
            return False
    except AlreadyRunning:
        return True


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Held by the one stack of a checkout; raises AlreadyRunning. A dead one holds nothing."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise AlreadyRunning(f"already running from {home.parent}") from taken
        yield
