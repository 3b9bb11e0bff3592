"""Where the embedded parts keep their things, and as whom they run."""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from embedded.process import User

OUTSIDE_ROOTS_HOME = Path("/var/lib/chairtime")
UNPRIVILEGED = ("nobody", "daemon")
SHARED_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - a new directory is made below them
MEMORY = "/dev/shm"  # noqa: S108 - as above
ROOM = 2 << 30
"""Bytes for the data of servers side by side; containers often have 64 MB there."""


def cache() -> Path:
    """Things that every checkout may share and that can be made again."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(root) / "chairtime"
    path.mkdir(parents=True, exist_ok=True)
    return path


def unprivileged_user() -> User | None:
    """Who runs Postgres, which refuses to run as root; None where we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_uid, entry.pw_gid)
    return User(65534, 65534)


def reachable(path: Path, user: User | None) -> bool:
    """Whether `user` can walk down to `path`. Root's home is closed to others."""
    if user is None:
        return True
    for directory in (path.resolve(), *path.resolve().parents):
        if directory.is_dir():
            status = directory.stat()
            bit = stat.S_IXUSR if status.st_uid == user.uid else stat.S_IXOTH
            if not status.st_mode & bit:
                return False
    return True


def data(home: Path) -> Path:
    """Where a checkout keeps its data: `home`, unless Postgres' user cannot go there."""
    if reachable(home, unprivileged_user()):
        return home
    key = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    directory = OUTSIDE_ROOTS_HOME / key
    directory.mkdir(parents=True, exist_ok=True)
    open_for_others(OUTSIDE_ROOTS_HOME)
    open_for_others(directory)
    return directory


def open_for_others(directory: Path) -> None:
    """Lets the unprivileged user, where there is one, walk through (not list)."""
    if unprivileged_user() is not None:
        directory.chmod(directory.stat().st_mode | stat.S_IXOTH)


def memory() -> list[str]:
    """Where files lie in memory, if this machine has such a place, and room there."""
    return [MEMORY] if os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free > ROOM else []


def temporary(rather: Iterable[str] = ()) -> Path:
    """A new directory that the unprivileged user can reach; below `rather` if that can be. The
    caller removes it.
    """
    for parent in (*rather, tempfile.gettempdir(), *SHARED_TEMPORARY):
        if reachable(Path(parent), unprivileged_user()):
            path = Path(tempfile.mkdtemp(prefix="chairtime-", dir=parent))
            open_for_others(path)
            return path
    raise PermissionError("no temporary directory that an unprivileged user can reach")
