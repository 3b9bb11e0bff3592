"""Installs programs into the cache: by one process at a time, and completely or not at all."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from embedded import paths


@contextlib.contextmanager
def locked(file: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Lets one process of the machine at a time continue; a dead process's lock is free."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def workshop(target: Path) -> Iterator[Path]:
    """A temporary directory beside `target`, in which it is made. Removes those that killed builds
    left; to be used under the target's lock.
    """
    prefix = f"making-{target.name}-"
    for left in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def install_wheel(
    wheel: str, home: Path, finish: Callable[[Path], None] = lambda made: None
) -> bool:
    """Installs a wheel from PyPI as the directory `home`; `finish` completes it. False if uv or the
    wheel is not available.
    """
    uv = os.environ.get("UV") or shutil.which("uv") or str(paths.cache() / "uv" / "bin" / "uv")
    with workshop(home) as made:
        command = [uv, "pip", "install", "--quiet", "--target", str(made), wheel]
        if not shutil.which(uv) or subprocess.run(command).returncode:
            return False
        finish(made)
        made.rename(home)
    return True
