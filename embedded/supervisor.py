"""Keeps parts running: starts them in order, restarts what dies, stops them in reverse."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from embedded.process import Process, ProcessEnded, wait_until

CHECK_EVERY = 0.2
BACK_OFF, LONGEST_BACK_OFF = 0.25, 10.0
HEALTHY_AFTER = 60.0
"""Seconds of uptime after which the back-off of restarts is reset."""

STOP_WITHIN = 3.8
LEAST_TO_STOP = 0.5
"""Seconds reserved for stopping each part, however long the parts before it take."""


@dataclass(frozen=True)
class Part:
    name: str
    start: Callable[[], Process]
    """Called again when the part has died; raises ProcessEnded or TimeoutError."""
    ready: Callable[[], bool]


@dataclass
class Supervised:
    part: Part
    process: Process
    started: float
    crashes: int = 0
    restart_at: float | None = None


class Supervisor:
    def __init__(
        self, log: Callable[[str], None], changed: Callable[[dict[str, int]], None]
    ) -> None:
        """`log` is called with messages about crashes and restarts; `changed` with the pids by name
        when they change.
        """
        self._log = log
        self._changed = changed
        self._supervised: list[Supervised] = []

    @property
    def pids(self) -> dict[str, int]:
        return {supervised.part.name: supervised.process.pid for supervised in self._supervised}

    def start(self, *parts: Part) -> None:
        """Starts them, and returns at once; raises ProcessEnded or TimeoutError."""
        for part in parts:
            self._supervised.append(Supervised(part, part.start(), time.monotonic()))
        self._changed(self.pids)

    def wait(self, part: Part, seconds: float = 60) -> None:
        """Returns when a started part is ready; raises ProcessEnded or TimeoutError."""
        for supervised in self._supervised:
            if supervised.part is part:
                wait_until(part.ready, supervised.process, seconds)

    def keep(self) -> None:
        """Restarts parts that died, until an exception (an interrupt) ends it."""
        while True:
            for supervised in self._supervised:
                self._check(supervised, time.monotonic())
            time.sleep(CHECK_EVERY)

    def stop(self) -> None:
        """Stops all parts, the last started first, within STOP_WITHIN seconds in total."""
        deadline = time.monotonic() + STOP_WITHIN
        while self._supervised:
            supervised = self._supervised.pop()
            reserved = LEAST_TO_STOP * len(self._supervised)
            supervised.process.stop(max(LEAST_TO_STOP, deadline - reserved - time.monotonic()))

    def _check(self, supervised: Supervised, now: float) -> None:
        if supervised.restart_at is None:
            code = supervised.process.returncode
            if code is None:
                return
            supervised.process.kill()
            self._plan_restart(supervised, now)
            self._log(f"{supervised.part.name} {describe_exit(code)}; starting it again")

        if supervised.restart_at is not None and now >= supervised.restart_at:
            self._restart(supervised)

    def _plan_restart(self, supervised: Supervised, now: float) -> None:
        if now - supervised.started > HEALTHY_AFTER:
            supervised.crashes = 0
        supervised.restart_at = now + min(LONGEST_BACK_OFF, BACK_OFF * 2**supervised.crashes)
        supervised.crashes += 1

    def _restart(self, supervised: Supervised) -> None:
        try:
            supervised.process = supervised.part.start()
        except (ProcessEnded, TimeoutError, OSError, subprocess.SubprocessError) as failure:
            self._plan_restart(supervised, time.monotonic())
            self._log(f"{supervised.part.name} does not start: {failure}")
            return
        supervised.started, supervised.restart_at = time.monotonic(), None
        self._log(f"{supervised.part.name} started again (pid {supervised.process.pid})")
        self._changed(self.pids)


def describe_exit(code: int) -> str:
    """A description of a child reaper's exit code."""
    number = -code if code < 0 else code - 128
    if number in set(signal.Signals):
        return f"was ended by {signal.Signals(number).name}"
    return f"ended with code {code}"
