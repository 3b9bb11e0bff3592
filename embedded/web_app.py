"""Builds the web app where its sources have changed since the last build.

`python -m embedded.web_app` builds it; with `--if-found` it says so and succeeds where Node.js
would have to be downloaded first.
"""

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from api.web.files import DIST
from embedded import node

CHECKOUT = Path(__file__).resolve().parent.parent
STAMP = DIST / ".sources"
"""The digest of the sources that the present build was made from."""

SOURCES = (
    "web",
    "clients/typescript/src",
    "clients/typescript/package.json",
    "package-lock.json",
    "tsconfig.base.json",
)
LEFT_OUT = {"node_modules", "dist"}


def is_checkout() -> bool:
    """Whether the sources are here; a wheel has the built app alone."""
    return (CHECKOUT / "web" / "package.json").exists()


def is_built() -> bool:
    """Whether the build is there and is that of the present sources, if these are here."""
    if not is_checkout():
        return DIST.exists()
    return STAMP.exists() and STAMP.read_text() == _digest()


def build(say: Callable[[str], None]) -> None:
    """Builds it unless that was done. Raises node.Unobtainable or subprocess.CalledProcessError."""
    with (CHECKOUT / ".venv" / "web-build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_built():
            return
        digest = _digest()
        variables = node.environment(node.obtain(say))
        node.install(variables, say)
        say("building the web app")
        node.npm(["run", "--silent", "build", "-w", "web"], variables)
        STAMP.write_text(digest)


def _digest() -> str:
    digest = hashlib.sha256()
    for file in _files():
        digest.update(f"{file.relative_to(CHECKOUT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for name in SOURCES:
        root = CHECKOUT / name
        found = sorted(root.rglob("*")) if root.is_dir() else [root]
        for file in found:
            if file.is_file() and not LEFT_OUT & set(file.relative_to(CHECKOUT).parts):
                yield file


def main(arguments: list[str]) -> int:
    if "--if-found" in arguments and node.find() is None:
        print(f"The web app is not built, as there is no Node.js {node.OLDEST} or later.")
        return 0
    try:
        build(print)
    except node.Unobtainable as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
