"""Stop requests: Ctrl-C, SIGTERM, a closed terminal, or the end of the parent process."""

import os
import signal
import threading
import time

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_when_asked_to_end() -> None:
    """Makes each stop signal raise KeyboardInterrupt in the main thread."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _raise)


def ignore() -> None:
    """Ignores stop signals, so that a second Ctrl-C does not interrupt the shutdown."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def end_with(parent: int) -> None:
    """Sends SIGTERM to this process when its parent is gone, even if that was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _raise(*_: object) -> None:
    raise KeyboardInterrupt
