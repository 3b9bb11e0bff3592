"""A small process that runs one child, and kills it with all its descendants when its starter ends.

Run as a script (standard library only, so that it starts at once and depends on nothing):

    python child_reaper.py '{"stop": 15, "grace": 3.0, "user": [uid, gid] | null}' command …

It leads its own session. Standard input is the lifeline: at end of file there, or at a stop signal,
it sends the child the stop signal `stop`. After `grace` seconds, at a second signal, or at SIGUSR1,
it kills all its descendants. It writes the child's pid to standard output as one line; the child's
output goes to standard error. It exits with the child's code (128 + n for signal n).
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
    # On Linux, orphaned descendants become our own children, so that none of them is missed.
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    signals = _signal_pipe()
    child = _spawn(sys.argv[2:], options, prctl)

    try:
        with contextlib.suppress(OSError):
            os.write(1, b"%d\n" % child.pid)
        os.close(1)
        _wait(child, signals, options["stop"], options["grace"])
    finally:
        _kill_descendants(child)

    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _spawn(
    argv: list[str], options: dict[str, Any], prctl: Callable[[int, int], None]
) -> subprocess.Popen[bytes]:
    user = options["user"]
    uid, gid = user or (None, None)

    def prepare() -> None:
        # If the reaper itself is killed, the child gets its stop signal. (This runs after the
        # change of user, which would clear it.)
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


def _wait(child: subprocess.Popen[bytes], signals: int, stop: int, grace: float) -> None:
    """Returns once the child has ended, or must be killed."""
    watched = [0, signals]
    deadline: float | None = None

    while child.poll() is None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return

        ready, _, _ = select.select(watched, [], [], left)
        received = set(os.read(signals, 64)) if signals in ready else set()
        stopping = received & STOP_SIGNALS or 0 in ready
        if KILL_SIGNAL in received or (stopping and deadline is not None):
            return
        if stopping:
            child.send_signal(stop)
            deadline = time.monotonic() + grace
            watched = [signals]


def _kill_descendants(child: subprocess.Popen[bytes]) -> None:
    """Kills all descendants of this process, and the child's process group."""
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
    """Waits for adopted zombies; the child itself is left to its Popen, which needs
    its exit code.
    """
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


def _signal_pipe() -> int:
    """A descriptor that delivers the numbers of arriving signals, SIGCHLD included."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (*STOP_SIGNALS, KILL_SIGNAL, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reader


def _prctl() -> Callable[[int, int], None]:
    """Linux' prctl; on other systems a no-op, where only the lifeline ends the child."""
    if sys.platform != "linux":
        return lambda option, value: None

    import ctypes

    libc = ctypes.CDLL(None)
    return lambda option, value: libc.prctl(option, value, 0, 0, 0) and None


if __name__ == "__main__":
    sys.exit(main())
