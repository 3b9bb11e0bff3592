"""Being asked to end: Ctrl-C, SIGTERM, a closed terminal, or the end of our parent."""

import os
import signal
import threading
import time

ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_when_asked_to_end() -> None:
    """From now on each of them raises KeyboardInterrupt in the main thread."""
    for number in ASKED:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _raise)


def ignore() -> None:
    """For the time of stopping, which must not be interrupted by impatience."""
    for number in ASKED:
        signal.signal(number, signal.SIG_IGN)


def end_with(parent: int) -> None:
    """Asks ourselves to end when this process, our parent, is gone, even if it was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _raise(*_: object) -> None:
    raise KeyboardInterrupt
