"""Runs one command, and kills it with all its descendants when its starter ends. Run as a script:

    python child_reaper.py '{"stop": 15, "grace": 3.0, "user": [uid, gid] | null}' command …

Standard input is the lifeline: at end of file there, the child gets the signal `stop`, and SIGKILL
`grace` seconds later. Once the child has ended, its remaining descendants are killed. The child's
pid is written to standard output as one line; its output goes to standard error. The exit code is
the child's (128 + n for signal n).
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

import psutil

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
"""Only Linux has prctl; on other systems only the lifeline ends the child."""


def main() -> int:
    options = json.loads(sys.argv[1])
    # Orphaned descendants become our own children, so that none of them is missed.
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = _start(sys.argv[2:], options)
    with contextlib.suppress(OSError):
        os.write(1, b"%d\n" % child.pid)
    os.close(1)
    lifeline = threading.Thread(
        target=_stop_at_end_of_file, args=(child, options["stop"], options["grace"]), daemon=True
    )
    lifeline.start()
    code = child.wait()
    _kill_descendants(child.pid)
    return code if code >= 0 else 128 - code


def _start(argv: list[str], options: dict[str, Any]) -> subprocess.Popen[bytes]:
    uid, gid = options["user"] or (None, None)
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=2,
        process_group=0,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        # If the reaper itself is killed, the child gets its stop signal. This runs after the change
        # of user, which would clear it.
        preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, options["stop"]),
    )


def _stop_at_end_of_file(child: subprocess.Popen[bytes], stop: int, grace: float) -> None:
    while os.read(0, 64):
        pass
    child.send_signal(stop)
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        child.kill()


def _kill_descendants(group: int) -> None:
    """Kills all descendants of this process, and the child's process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    while descendants := psutil.Process().children(recursive=True):
        for descendant in descendants:
            with contextlib.suppress(psutil.NoSuchProcess):
                descendant.kill()
        psutil.wait_procs(descendants, timeout=0.02)


def _prctl(option: int, value: int) -> None:
    if LIBC:
        LIBC.prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
