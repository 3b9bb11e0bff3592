"""A part ends with its starter, whatever happens, and leaves nothing behind."""

import os
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest

from embedded.process import Command, Process, ProcessEnded

START = """
import sys, time
from pathlib import Path
from embedded.process import Command, Process
part = Process(Command(["sh", "-c", sys.argv[1]]), Path(sys.argv[2]))
print(part.pid, flush=True)
time.sleep(60)
"""

ESCAPE = "import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(60)"
STUBBORN = f"""
trap '' TERM INT HUP
{shlex.quote(sys.executable)} -c '{ESCAPE}' &
sleep 60 & echo $!
while true; do sleep 1; done
"""
"""Ignores its stop signal; one of its children has left for a session of its own."""


def pids(log: Path, count: int) -> list[int]:
    deadline = time.monotonic() + 10
    while len(lines := log.read_text().split()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [int(line) for line in lines]


def test_killed_parent_leaves_no_child(run_python, tmp_path, eventually, alive) -> None:
    log = tmp_path / "log"
    starter = run_python(START, STUBBORN, log)
    family = [int(starter.stdout.readline()), *pids(log, 2)]

    starter.kill()

    eventually(lambda: not any(map(alive, family)), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_killed_reaper_stops_child(tmp_path, eventually, alive) -> None:
    part = Process(Command(["sleep", "60"]), tmp_path / "log")

    os.kill(part._reaper.pid, signal.SIGKILL)

    eventually(lambda: not alive(part.pid), 2)
    part.stop()


def test_a_child_gets_the_stop_signal_it_wants(tmp_path) -> None:
    script = "trap 'exit 7' INT; trap 'exit 8' TERM; echo 0; while true; do sleep 0.05; done"
    part = Process(Command(["sh", "-c", script], stop=signal.SIGINT), tmp_path / "log")
    pids(tmp_path / "log", 1)

    part.stop()

    assert part.returncode == 7


def test_a_child_that_ignores_its_stop_signal_is_killed(tmp_path, alive) -> None:
    part = Process(Command(["sh", "-c", STUBBORN]), tmp_path / "log")
    family = [part.pid, *pids(tmp_path / "log", 2)]

    part.stop(within=0.2)

    assert not any(map(alive, family))
    assert part.returncode == 128 + signal.SIGKILL


def test_what_a_child_started_does_not_outlive_it(tmp_path, alive) -> None:
    part = Process(Command(["sh", "-c", "sleep 60 & echo $!; exit 3"]), tmp_path / "log")

    assert part.wait(5) == 3
    assert not alive(*pids(tmp_path / "log", 1))


def test_a_command_that_cannot_be_started_says_why(tmp_path) -> None:
    with pytest.raises(ProcessEnded, match="No such file"):
        Process(Command(["/no/such/command"]), tmp_path / "log")
