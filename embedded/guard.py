"""The guard: a small process that keeps one child, and lets nothing of it outlive its starter.

Run as a script (standard library only, so that it starts at once and depends on nothing):

    python guard.py '{"stop": 15, "grace": 3.0, "user": [uid, gid] | null}' command …

It leads a session of its own. Standard input is the lifeline: end of file there, or a stop signal,
sends the child its own stop signal; after the grace, at a second signal, or at SIGUSR1, everything
below the guard is killed. The child's pid is written to standard output as one line; the child
writes to the guard's standard error. It exits with the child's code (128 + n for signal n).
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
KILL_SIGNAL = signal.SIGUSR1


def main() -> int:
    options = json.loads(sys.argv[1])
    prctl = _prctl()
    # On Linux, orphans below us become our own children, so that the sweep finds them all.
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    bell = _signal_bell()
    child = _spawn(sys.argv[2:], options, prctl)

    try:
        with contextlib.suppress(OSError):
            os.write(1, b"%d\n" % child.pid)
        os.close(1)
        _keep(child, bell, options["stop"], options["grace"])
    finally:
        _sweep(child)

    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _spawn(
    argv: list[str], options: dict[str, Any], prctl: Callable[[int, int], None]
) -> subprocess.Popen[bytes]:
    user = options["user"]
    uid, gid = user or (None, None)

    def prepare() -> None:
        # Should the guard itself be killed, the child is told. (This runs after the change of
        # user, which would clear it.)
        prctl(PR_SET_PDEATHSIG, options["stop"])

    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=2,
        process_group=0,
        user=uid,
        group=gid,
        extra_groups=None if user is None else [],
        preexec_fn=prepare,
    )


def _keep(child: subprocess.Popen[bytes], bell: int, stop: int, grace: float) -> None:
    """Returns once the child is gone or its grace is over."""
    watched = [0, bell]
    deadline: float | None = None

    while child.poll() is None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return

        ready, _, _ = select.select(watched, [], [], left)
        told = set(os.read(bell, 64)) if bell in ready else set()
        asked = told & STOP_SIGNALS or 0 in ready
        if KILL_SIGNAL in told or (asked and deadline is not None):
            return
        if asked:
            child.send_signal(stop)
            deadline = time.monotonic() + grace
            watched = [bell]


def _sweep(child: subprocess.Popen[bytes]) -> None:
    """Kills whatever is left below the guard, or in the child's process group."""
    while True:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.poll()
        left = _descendants(os.getpid())
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not left and child.poll() is not None:
            return
        _reap_orphans(child.pid)
        time.sleep(0.01)


def _reap_orphans(child: int) -> None:
    """Collects those we adopted; the child itself is left to its Popen, who wants its code."""
    for pid in _descendants(os.getpid(), zombies=True):
        if pid != child:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _descendants(root: int, *, zombies: bool = False) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, parent, state in _processes():
        if zombies or state != "Z":
            children.setdefault(parent, []).append(pid)

    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def _processes() -> list[tuple[int, int, str]]:
    """Every process as (pid, parent, state)."""
    if not os.path.isdir("/proc/self"):
        with subprocess.Popen(["ps", "-axo", "pid=,ppid=,stat="], stdout=subprocess.PIPE) as ps:
            lines = ps.communicate()[0].decode().splitlines()
        rows = [line.split() for line in lines]
        others = [row for row in rows if int(row[0]) != ps.pid]
        return [(int(pid), int(parent), state[0]) for pid, parent, state in others]

    rows = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as stat:
            state, parent = stat.read().rpartition(")")[2].split()[:2]
            rows.append([name, parent, state])
    return [(int(pid), int(parent), state) for pid, parent, state in rows]


def _signal_bell() -> int:
    """A descriptor from which the numbers of arriving signals are read, ends of children too."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (*STOP_SIGNALS, KILL_SIGNAL, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reader


def _prctl() -> Callable[[int, int], None]:
    """Linux' prctl; elsewhere nothing happens, and the lifeline alone does the work."""
    if sys.platform != "linux":
        return lambda option, value: None

    import ctypes

    libc = ctypes.CDLL(None)
    return lambda option, value: libc.prctl(option, value, 0, 0, 0) and None


if __name__ == "__main__":
    sys.exit(main())
