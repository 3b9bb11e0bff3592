"""An embedded Postgres, in the foreground.

Each role has a random password, in a file that only its owner can read, and that libpq and asyncpg
find by the parameter `passfile` of the DSN.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import psutil

from embedded import paths
from embedded.binaries import binaries
from embedded.process import Command, Process, ProcessEnded, wait_until

SUPERUSER = "postgres"
USER = "chairtime"
"""Owner of DATABASE; not a superuser, who could run programs on this machine."""
DATABASE = "chairtime"

ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"
"""The whole of pg_hba.conf."""

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
"""For tests, whose data may be lost when the machine crashes."""

LOCALE = {"LC_ALL": "C"}
"""English messages for every user; on macOS Postgres does not start without a valid locale."""

LEFT_BY_A_KILL = ("pre-existing shared memory block", "lock file", "Address already in use")
"""Error messages of a start while a killed server is still shutting down."""


class Postgres:
    """A data directory, and the server over it on one port of the loopback interface."""

    def __init__(
        self,
        data: Path,
        port: int,
        settings: Mapping[str, str] | None = None,
        first: Sequence[str] = (),
    ) -> None:
        """`settings` are laid over SETTINGS; `first` are statements that the superuser runs when
        the data directory is made. As root the server runs as an unprivileged user, who must be
        able to reach `data` (see paths).
        """
        self.data = data
        self.port = port
        self.first = first
        self.settings = {**SETTINGS, **(settings or {}), "port": str(port)}
        self.user = paths.unprivileged_user()

    def dsn(self, database: str = DATABASE, user: str = USER) -> str:
        """A DSN without a password; it names the password file instead. The server has no TLS, and
        preparing an attempt takes more time than the rest of connecting.
        """
        passfile = quote(str(_passfile(self.data, user)))
        where = f"127.0.0.1:{self.port}/{database}"
        return f"postgresql://{user}@{where}?sslmode=disable&passfile={passfile}"

    def prepare(self) -> None:
        """Creates the data directory with an empty database DATABASE if it does not exist."""
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
        # SIGINT is a fast shutdown; SIGTERM would wait for clients to disconnect.
        return Command(argv, LOCALE, stop=signal.SIGINT, user=self.user, directory=self.data)

    def accepts(self) -> bool:
        """Whether it accepts connections now."""
        return _quiet("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1")

    def start(self, log: Path, seconds: float = 30) -> Process:
        """Prepares and starts it, and returns when it accepts connections."""
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
        made = ["-D", str(directory), "-U", SUPERUSER, "-A", "reject", "-E", "UTF8"]
        self._run("initdb", *made, *locale)
        (directory / "pg_hba.conf").write_text(ACCESS)
        statements = [
            # More iterations protect short passwords, which these are not, and slow connecting.
            "set scram_iterations = 1",
            f"alter role {SUPERUSER} password '{_new_password(directory, SUPERUSER)}'",
            f"create role {USER} login password '{_new_password(directory, USER)}'",
            f"create database {DATABASE} owner {USER}",
            *self.first,
        ]
        single = ["--single", "-D", str(directory), "postgres"]
        self._run("postgres", *single, given="\n".join(statements) + "\n")

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
        """Deletes the lock file of a killed server if its pid now belongs to another program, which
        Postgres would mistake for a running server.
        """
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(lock.read_text().split()[0])
            if not _is_postgres(pid):
                lock.unlink()


def _passfile(data: Path, user: str) -> Path:
    return data.absolute() / f"{user}.pgpass"


def _new_password(data: Path, user: str) -> str:
    """A new random password, also written to the user's password file (for any port, since the
    port changes with each start).
    """
    password = secrets.token_urlsafe(24)
    passfile = _passfile(data, user)
    passfile.touch(mode=0o600)
    passfile.write_text(f"127.0.0.1:*:*:{user}:{password}\n")
    return password


def _is_postgres(pid: int) -> bool:
    try:
        return "postgres" in psutil.Process(pid).name()
    except psutil.Error:
        return False


def _quiet(binary: str, *arguments: str) -> bool:
    done = subprocess.run([str(binaries() / binary), *arguments], capture_output=True)
    return done.returncode == 0
