"""A command run under a child reaper."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

REAPER = Path(__file__).with_name("child_reaper.py")
GRACE = 3.0


class ProcessEnded(Exception):
    """A part ended although it was needed; the message carries the end of its log."""


@dataclass(frozen=True)
class User:
    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to this process's environment."""
    stop: signal.Signals = signal.SIGTERM
    user: User | None = None
    """None = the current user."""
    directory: Path | None = None


class Process:
    """A running command. It ends when it is stopped, and at the latest when the process that
    created this object ends for any reason. All processes that it started end with it.
    """

    def __init__(self, command: Command, log: Path) -> None:
        """Starts it; its output is appended to `log`."""
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
            self._reaper = subprocess.Popen(
                [sys.executable, "-I", str(REAPER), json.dumps(options), *command.argv],
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
        code = self._reaper.poll()
        if code is not None:
            self._close_lifeline()
        return code

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; raises subprocess.TimeoutExpired."""
        code = self._reaper.wait(timeout)
        self._close_lifeline()
        return code

    def stop(self, within: float = GRACE) -> None:
        """Sends its stop signal, and kills it after `within` seconds. Returns when it is gone."""
        self._close_lifeline()
        try:
            self._reaper.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kills it and all processes that it started. Returns when they are gone."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def written(self, last: int = 20) -> str:
        """The last lines of this run's output."""
        with self.log.open("rb") as log:
            log.seek(self._written_before)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-last:])

    def check(self) -> None:
        """Raises ProcessEnded if it is not running any more."""
        if self.returncode is not None:
            name = Path(self.command.argv[0]).name
            raise ProcessEnded(f"{name} ended with code {self.returncode}:\n{self.written()}")

    def _close_lifeline(self) -> None:
        if self._reaper.stdin is not None:
            self._reaper.stdin.close()

    def _announced_pid(self) -> int:
        line = b""
        if self._reaper.stdout is not None:
            with self._reaper.stdout as announcement:
                line = announcement.readline()
        if not line:
            self.wait()
            raise ProcessEnded(f"cannot start {self.command.argv[0]}:\n{self.written()}")
        return int(line)


def wait_until(ready: Callable[[], bool], process: Process, seconds: float) -> None:
    """Waits for `ready`. Raises ProcessEnded if the process ends first, TimeoutError after
    `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        process.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"not ready after {seconds:.0f} s:\n{process.written()}")
        time.sleep(0.05)
