"""The Temporal dev server: Temporal with its Web UI in one process, on SQLite."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from embedded.ports import HOST
from embedded.process import Command, Process, wait_until
from workflows import SEARCH_ATTRIBUTES

NAMESPACE = "default"

WRITE_AHEAD_LOG = ("journal_mode=WAL", "synchronous=NORMAL")
"""SQLite pragmas: 35 → 57 workflows a second, with a third less CPU. If the operating system
crashes, the last transactions may be lost; the reconciler then starts the missing workflows again
from Postgres.
"""

DYNAMIC_CONFIG = {
    # One history shard does all the work here; at the default of 20 polls/s each call takes 50 ms.
    "history.transferProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxPollRPS": 2000,
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
    # The default lets timers fire up to a second late.
    "history.timerProcessorMaxTimeShift": "50ms",
    # The dev server's default reloads the search attributes with each call, a tenth of its work.
    # With the production default it sees newly registered ones within a minute.
    "system.forceSearchAttributesCacheRefreshOnRead": False,
    # A booking takes about six calls, so the default of 2,400/s would be the first limit reached.
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
    """A SQLite file, in which workflows survive a restart; None = in memory."""

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def command(self) -> Command:
        argv = [str(self.binary), "server", "start-dev", "--ip", HOST, "--port", str(self.port)]
        argv += ["--namespace", NAMESPACE, "--log-level", "warn"]
        argv += ["--headless"] if self.ui_port is None else ["--ui-port", str(self.ui_port)]
        if self.database is not None:
            argv += ["--db-filename", str(self.database)]
            argv += [word for pragma in WRITE_AHEAD_LOG for word in ("--sqlite-pragma", pragma)]
        for key in SEARCH_ATTRIBUTES:
            kind = key.indexed_value_type.name.capitalize()
            argv += ["--search-attribute", f"{key.name}={kind}"]
        for name, value in DYNAMIC_CONFIG.items():
            argv += ["--dynamic-config-value", f"{name}={json.dumps(value)}"]
        return Command(argv)

    def serves(self) -> bool:
        """Whether the namespace exists; the port is open earlier."""
        describe = ["operator", "namespace", "describe", "-n", NAMESPACE]
        where = ["--address", self.address, "--disable-config-env", "--disable-config-file"]
        bound = ["--command-timeout", "2s"]
        asked = subprocess.run([str(self.binary), *describe, *where, *bound], capture_output=True)
        return asked.returncode == 0

    def start(self, log: Path, seconds: float = 60) -> Process:
        """Starts it, and returns when it serves calls."""
        process = Process(self.command(), log)
        try:
            wait_until(self.serves, process, seconds)
        except BaseException:
            process.kill()
            raise
        return process
