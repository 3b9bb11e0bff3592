"""The file system with Postgres' data: a small one in memory, which can be made full."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWNS = 0x20000
SIZE = 2 << 30
"""Bytes. Only what is used takes memory."""

ATTEMPTS = 20


@dataclass(frozen=True)
class Disk:
    path: Path
    missing: str | None = None
    """Why it cannot be made full; null if it can."""

    def fill(self) -> None:
        """Shrinks it to what is used, so that nothing more can be written."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._resize(self._used())
            except subprocess.CalledProcessError:
                continue  # more is used by now
        self._resize(self._used())

    def free(self) -> None:
        self._resize(SIZE)

    def _used(self) -> int:
        found = os.statvfs(self.path)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def _resize(self, size: int) -> None:
        _run("mount", "-o", f"remount,size={size}", str(self.path))


@contextmanager
def made(home: Path) -> Iterator[Disk]:
    """Mounts it below `home`, in a mount namespace of this process and its children, so that it is
    gone with them however they end. Where that is not possible, an ordinary directory.
    """
    path = home / "disk"
    path.mkdir(mode=0o755)
    if reason := _mounted(path):
        yield Disk(path, reason)
        return
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False)


def _mounted(path: Path) -> str | None:
    """Mounts it; else why not."""
    if os.geteuid() != 0:
        return "only root can mount a small file system"
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare") or libc.unshare(CLONE_NEWNS):
        return "no mount namespace of its own"
    try:
        _run("mount", "--make-rprivate", "/")
        _run("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(path))
    except (OSError, subprocess.CalledProcessError) as failure:
        return f"cannot mount: {failure}"
    return None


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
