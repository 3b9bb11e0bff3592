"""Ports of the loopback interface. Stacks on one machine claim ports by file locks."""

import fcntl
import os
import random
import socket
from collections.abc import Iterator

from embedded import paths

HOST = "127.0.0.1"
BELOW_EPHEMERAL = range(16_000, 32_000)


def claim(preferred: int) -> int:
    """`preferred`, or the next port that nobody listens on and no other stack has claimed. The
    claim is a file lock, which ends with this process.
    """
    directory = paths.cache() / "ports"
    directory.mkdir(exist_ok=True)
    for port in range(preferred, 65536):
        lock = os.open(directory / str(port), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        if free(port):
            return port
    raise OSError(f"no free port from {preferred} on")


def free(port: int) -> bool:
    """Whether nobody listens on it, on any interface."""
    with socket.socket() as client:
        client.settimeout(0.5)
        if client.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((HOST, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A free port that this process was not given before, so that two calls return two ports
    although neither is in use yet. Never an ephemeral port: the system could give it to an outgoing
    connection before it is used, or during a restart.
    """
    return next(filter(free, _order))


def _at_random() -> Iterator[int]:
    while True:
        yield from random.sample(BELOW_EPHEMERAL, len(BELOW_EPHEMERAL))


_order = _at_random()
