"""Keeps parts running: starts them in order, restarts what dies, stops them in reverse."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from embedded.process import Process, ProcessEnded, wait_until

LOOK = 0.2
BACK_OFF, LONGEST_BACK_OFF = 0.25, 10.0
HEALTHY_AFTER = 60.0
"""Seconds of life after which earlier deaths are forgotten."""

STOP_WITHIN = 3.8
LEAST_TO_STOP = 0.5
"""Seconds kept for each part that is still to be stopped, whatever those before it take."""


@dataclass(frozen=True)
class Part:
    name: str
    start: Callable[[], Process]
    """Called again when the part has died; raises ProcessEnded or TimeoutError."""
    ready: Callable[[], bool]


@dataclass
class Kept:
    part: Part
    process: Process
    started: float
    deaths: int = 0
    restart_at: float | None = None


class Supervisor:
    def __init__(
        self, say: Callable[[str], None], changed: Callable[[dict[str, int]], None]
    ) -> None:
        """`say` hears of deaths and restarts; `changed` gets the pids by name, when they change."""
        self._say = say
        self._changed = changed
        self._kept: list[Kept] = []

    @property
    def pids(self) -> dict[str, int]:
        return {kept.part.name: kept.process.pid for kept in self._kept}

    def start(self, *parts: Part) -> None:
        """Starts them, and returns at once; raises ProcessEnded or TimeoutError."""
        for part in parts:
            self._kept.append(Kept(part, part.start(), time.monotonic()))
        self._changed(self.pids)

    def wait(self, part: Part, seconds: float = 60) -> None:
        """Returns when a started part is ready; raises ProcessEnded or TimeoutError."""
        for kept in self._kept:
            if kept.part is part:
                wait_until(part.ready, kept.process, seconds)

    def keep(self) -> None:
        """Watches over the parts, until an exception (an interrupt) ends it."""
        while True:
            for kept in self._kept:
                self._look_after(kept, time.monotonic())
            time.sleep(LOOK)

    def stop(self) -> None:
        """Stops all, the last one started first, within STOP_WITHIN seconds altogether."""
        deadline = time.monotonic() + STOP_WITHIN
        while self._kept:
            kept = self._kept.pop()
            spare = LEAST_TO_STOP * len(self._kept)
            kept.process.stop(max(LEAST_TO_STOP, deadline - spare - time.monotonic()))

    def _look_after(self, kept: Kept, now: float) -> None:
        if kept.restart_at is None:
            code = kept.process.returncode
            if code is None:
                return
            kept.process.kill()
            self._plan_restart(kept, now)
            self._say(f"{kept.part.name} {how_it_ended(code)}; starting it again")

        if kept.restart_at is not None and now >= kept.restart_at:
            self._restart(kept)

    def _plan_restart(self, kept: Kept, now: float) -> None:
        if now - kept.started > HEALTHY_AFTER:
            kept.deaths = 0
        kept.restart_at = now + min(LONGEST_BACK_OFF, BACK_OFF * 2**kept.deaths)
        kept.deaths += 1

    def _restart(self, kept: Kept) -> None:
        try:
            kept.process = kept.part.start()
        except (ProcessEnded, TimeoutError, OSError, subprocess.SubprocessError) as failure:
            self._plan_restart(kept, time.monotonic())
            self._say(f"{kept.part.name} does not start: {failure}")
            return
        kept.started, kept.restart_at = time.monotonic(), None
        self._say(f"{kept.part.name} started again (pid {kept.process.pid})")
        self._changed(self.pids)


def how_it_ended(code: int) -> str:
    """In words, from a guard's exit code."""
    number = -code if code < 0 else code - 128
    if number in set(signal.Signals):
        return f"was ended by {signal.Signals(number).name}"
    return f"ended with code {code}"
