"""What belongs to a terminal or to `make` ends with it."""

from collections.abc import Callable

PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())])
print(child.pid, flush=True)
time.sleep(60)
"""

CHILD = """
import sys, time
from embedded import signals
signals.raise_when_asked_to_end()
signals.end_with(int(sys.argv[1]))
time.sleep(60)
"""


def test_what_should_end_with_its_parent_does_even_if_that_was_killed(
    run_python: Callable, alive: Callable[[int], bool], eventually: Callable
) -> None:
    parent = run_python(PARENT, CHILD)
    child = int(parent.stdout.readline())

    parent.kill()

    eventually(lambda: not alive(child), 5)
