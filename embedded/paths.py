"""Directories of the embedded parts, and the unprivileged user who must reach them."""

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
"""Free bytes needed to use MEMORY: enough for several servers. Containers often have 64 MB."""


def cache() -> Path:
    """Cache directory shared by all checkouts; its content can be rebuilt."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(root) / "chairtime"
    path.mkdir(parents=True, exist_ok=True)
    return path


def unprivileged_user() -> User | None:
    """The user to run Postgres as, which refuses to run as root; None if we are not root."""
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
    """Whether `user` may enter `path` and all its parents. Root's home is closed to others."""
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
    """The data directory of a checkout: `home`, or one outside if Postgres' user
    cannot reach it.
    """
    if reachable(home, unprivileged_user()):
        return home
    key = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    directory = OUTSIDE_ROOTS_HOME / key
    directory.mkdir(parents=True, exist_ok=True)
    open_for_others(OUTSIDE_ROOTS_HOME)
    open_for_others(directory)
    return directory


def open_for_others(directory: Path) -> None:
    """Lets the unprivileged user, if there is one, enter the directory, but not list it."""
    if unprivileged_user() is not None:
        directory.chmod(directory.stat().st_mode | stat.S_IXOTH)


def memory() -> list[str]:
    """The in-memory file system, if there is one with enough room."""
    return [MEMORY] if os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free > ROOM else []


def temporary(preferred: Iterable[str] = ()) -> Path:
    """A new directory that the unprivileged user can reach; below one of `preferred` if possible.
    The caller removes it.
    """
    for parent in (*preferred, tempfile.gettempdir(), *SHARED_TEMPORARY):
        if reachable(Path(parent), unprivileged_user()):
            path = Path(tempfile.mkdtemp(prefix="chairtime-", dir=parent))
            open_for_others(path)
            return path
    raise PermissionError("no temporary directory that an unprivileged user can reach")
