"""A command under a guard, as seen by whoever started it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")
GRACE = 3.0


class ProcessEnded(Exception):
    """A part ended although it was needed; carries the end of what it wrote."""


@dataclass(frozen=True)
class User:
    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to our own environment."""
    stop: signal.Signals = signal.SIGTERM
    user: User | None = None
    """None = whoever we are."""
    directory: Path | None = None


class Process:
    """A running command. It ends when it is stopped, and at the latest with the process that made
    this object, however that one ends; nothing that it started stays behind.
    """

    def __init__(self, command: Command, log: Path) -> None:
        """Starts it; what it writes is appended to `log`."""
        user = command.user
        options = {
            "stop": command.stop,
            "grace": GRACE,
            "user": None if user is None else [user.uid, user.gid],
        }
        self.command = command
        self.log = log
        with log.open("ab") as output:
            self._written_before = output.tell()
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), json.dumps(options), *command.argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env={**os.environ, **command.environment},
                cwd=command.directory,
                start_new_session=True,
            )
        self.pid = self._announced_pid()

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        code = self._guard.poll()
        if code is not None:
            self._let_go()
        return code

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; raises subprocess.TimeoutExpired."""
        code = self._guard.wait(timeout)
        self._let_go()
        return code

    def stop(self, within: float = GRACE) -> None:
        """Asks it to end, and kills it after `within` seconds. Returns when it is gone."""
        self._let_go()
        try:
            self._guard.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kills it and all it started. Returns when that is done."""
        self._guard.send_signal(signal.SIGUSR1)
        self._let_go()
        self._guard.wait()

    def written(self, last: int = 20) -> str:
        """The last lines that this run wrote."""
        with self.log.open("rb") as log:
            log.seek(self._written_before)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-last:])

    def check(self) -> None:
        """Raises ProcessEnded if it is not running any more."""
        if self.returncode is not None:
            name = Path(self.command.argv[0]).name
            raise ProcessEnded(f"{name} ended with code {self.returncode}:\n{self.written()}")

    def _let_go(self) -> None:
        if self._guard.stdin is not None:
            self._guard.stdin.close()

    def _announced_pid(self) -> int:
        line = b""
        if self._guard.stdout is not None:
            with self._guard.stdout as announcement:
                line = announcement.readline()
        if not line:
            self.wait()
            raise ProcessEnded(f"cannot start {self.command.argv[0]}:\n{self.written()}")
        return int(line)


def wait_until(ready: Callable[[], bool], process: Process, seconds: float) -> None:
    """Waits for `ready`; raises ProcessEnded when the process ends first, TimeoutError too late."""
    deadline = time.monotonic() + seconds
    while not ready():
        process.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"not ready after {seconds:.0f} s:\n{process.written()}")
        time.sleep(0.05)
