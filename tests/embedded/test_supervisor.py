"""Parts are restarted when they die, and stopped in reverse within five seconds."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

from embedded.process import Command, Process
from embedded.supervisor import Part, Supervisor, describe_exit
from tests.support import HANG

STUBBORN = "trap '' TERM; while true; do sleep 1; done"

KEEP = """
import sys, time
from pathlib import Path
from embedded import signals
from embedded.process import Command, Process
from embedded.supervisor import Part, Supervisor

directory = Path(sys.argv[1])

def part(name, script):
    log = directory / f"{name}.log"
    return Part(name, lambda: Process(Command(["sh", "-c", script]), log), log.exists)

def say(*words):
    print(*words, flush=True)

signals.raise_when_asked_to_end()
supervisor = Supervisor(lambda words: say("said:", words), say)
try:
    parts = [part(name, script) for name, script in zip(("first", "second"), sys.argv[2:])]
    supervisor.start(*parts)
    for each in parts:
        supervisor.wait(each)
    supervisor.keep()
except KeyboardInterrupt:
    signals.ignore()
    supervisor.stop()
    print("stopped", flush=True)
"""


def part(name: str, script: str, directory: Path, ends: list[str] | None = None) -> Part:
    log = directory / f"{name}.log"

    class Noted(Process):
        def stop(self, within: float = 3.0) -> None:
            super().stop(within)
            if ends is not None:
                ends.append(name)

    return Part(name, lambda: Noted(Command(["sh", "-c", script]), log), log.exists)


def test_they_stop_in_the_reverse_of_their_order(tmp_path: Path) -> None:
    ends: list[str] = []
    supervisor = Supervisor(lambda said: None, lambda pids: None)
    for name in ("postgres", "temporal", "worker", "api"):
        supervisor.start(part(name, "sleep 60", tmp_path, ends))

    supervisor.stop()

    assert ends == ["api", "worker", "temporal", "postgres"]


def test_parts_that_do_not_stop_are_killed(tmp_path: Path, alive: Callable[[int], bool]) -> None:
    supervisor = Supervisor(lambda said: None, lambda pids: None)
    for name in ("postgres", "temporal", "worker", "api"):
        supervisor.start(part(name, STUBBORN, tmp_path))
    pids = supervisor.pids.values()

    asked = time.monotonic()
    supervisor.stop()

    assert time.monotonic() - asked < HANG
    assert not any(map(alive, pids))


def test_a_part_that_dies_is_restarted_and_said_so(
    run_python: Callable, tmp_path: Path, alive: Callable[[int], bool]
) -> None:
    once = f"[ -e {tmp_path}/died ] || {{ touch {tmp_path}/died; exit 3; }}; sleep 60"
    process = run_python(KEEP, tmp_path, "sleep 60", once)
    lines = iter(process.stdout.readline, "")

    said = [next(line for line in lines if line.startswith("said:")) for _ in range(2)]

    assert "ended with code 3; starting it again" in said[0]
    assert "started again (pid " in said[1]
    assert alive(int(said[1].rpartition("pid ")[2].rstrip(")\n")))


def test_being_asked_to_end_ends_the_parts(
    run_python: Callable, tmp_path: Path, alive: Callable[[int], bool]
) -> None:
    process = run_python(KEEP, tmp_path, "sleep 60", "sleep 60")
    pids = eval(process.stdout.readline())

    process.send_signal(signal.SIGTERM)

    assert "stopped" in process.communicate(timeout=5)[0]
    assert not any(map(alive, pids.values()))


def test_how_a_part_ended_is_said_in_words() -> None:
    assert describe_exit(1) == "ended with code 1"
    assert describe_exit(128 + signal.SIGKILL) == "was ended by SIGKILL"
    assert describe_exit(-signal.SIGKILL) == "was ended by SIGKILL"
