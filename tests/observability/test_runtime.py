"""Where Temporal's SDK serves its metrics."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPT = """
import random, socket
from prometheus_client import generate_latest
from embedded import ports
from workflows.runtime import use_quiet_runtime

with socket.socket() as taken:
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    free = ports.any_free()
    random.sample = lambda *_: [taken.getsockname()[1], free]
    use_quiet_runtime()
    with socket.create_connection(("127.0.0.1", free)):
        generate_latest()
"""


def test_the_sdk_takes_another_port_where_one_is_taken():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
