"""The Temporal dev server: Temporal with its Web UI in one process, on SQLite."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from embedded.ports import HOST
from embedded.process import Command, Process, wait_until
from workflows import SEARCH_ATTRIBUTES

NAMESPACE = "default"

FOLLOWS = 10
"""The niceness of Temporal and the worker where all share one machine: whoever waits for an answer
waits for the API and Postgres, and goes first; what follows a booking takes what is left.
"""

PROCESSORS = str(max(1, (os.cpu_count() or 1) // 2))
"""What it may take at a time, for the same reason; it also needs less for the same work then."""

DYNAMIC_CONFIG = {
    # One history shard does all the work here; at the default of 20 polls/s each call takes 50 ms.
    "history.transferProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxPollRPS": 2000,
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
    # By default timers that are due within a second are only looked at then.
    "history.timerProcessorMaxTimeShift": "50ms",
    # As on any other server: the dev server's own reads them anew with each call, a tenth of its
    # work. What is registered later it knows within a minute.
    "system.forceSearchAttributesCacheRefreshOnRead": False,
    # About six calls per booking: the default of 2,400/s would be the first limit met.
    "frontend.rps": 100_000,
    "frontend.namespaceRPS": 100_000,
    "history.rps": 100_000,
    "matching.rps": 100_000,
}


@dataclass(frozen=True)
class Temporal:
    """A dev server on one port, with its Web UI on another."""

    binary: Path
    port: int
    ui_port: int | None = None
    """None = without the Web UI."""
    database: Path | None = None
    """A SQLite file, in which workflows survive the server; None = in memory."""
    nice: int = 0

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def command(self) -> Command:
        argv = [str(self.binary), "server", "start-dev", "--ip", HOST, "--port", str(self.port)]
        argv += ["--namespace", NAMESPACE, "--log-level", "warn"]
        argv += ["--headless"] if self.ui_port is None else ["--ui-port", str(self.ui_port)]
        argv += [] if self.database is None else ["--db-filename", str(self.database)]
        for key in SEARCH_ATTRIBUTES:
            kind = key.indexed_value_type.name.capitalize()
            argv += ["--search-attribute", f"{key.name}={kind}"]
        for name, value in DYNAMIC_CONFIG.items():
            argv += ["--dynamic-config-value", f"{name}={json.dumps(value)}"]
        processors = os.environ.get("GOMAXPROCS", PROCESSORS)
        return Command(argv, {"GOMAXPROCS": processors}, nice=self.nice)

    def serves(self) -> bool:
        """Whether the namespace is there, which comes after the port."""
        describe = ["operator", "namespace", "describe", "-n", NAMESPACE]
        where = ["--address", self.address, "--disable-config-env", "--disable-config-file"]
        bound = ["--command-timeout", "2s"]
        asked = subprocess.run([str(self.binary), *describe, *where, *bound], capture_output=True)
        return asked.returncode == 0

    def start(self, log: Path, seconds: float = 60) -> Process:
        """Starts it, and returns when it takes calls."""
        process = Process(self.command(), log)
        try:
            wait_until(self.serves, process, seconds)
        except BaseException:
            process.kill()
            raise
        return process
