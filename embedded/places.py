"""Where the embedded parts keep their things, and as whom they run."""

import hashlib
import os
import pwd
import stat
import tempfile
from pathlib import Path

from embedded.process import User

UNPRIVILEGED = ("nobody", "daemon")


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
    for directory in (path, *path.parents):
        if directory.is_dir():
            status = directory.stat()
            bit = stat.S_IXUSR if status.st_uid == user.uid else stat.S_IXOTH
            if not status.st_mode & bit:
                return False
    return True


def private_to_root(home: Path) -> Path:
    """For root only: a directory that others can reach, for what cannot stay in `home`."""
    key = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    return Path("/var/lib/chairtime") / key


def temporary(user: User | None) -> Path:
    """A new directory that `user` can reach. The caller removes it."""
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if reachable(Path(parent), user):
            path = Path(tempfile.mkdtemp(prefix="chairtime-", dir=parent))
            path.chmod(0o711 if user else 0o700)
            return path
    raise PermissionError("no temporary directory that an unprivileged user can reach")
