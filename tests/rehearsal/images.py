"""The images that the compose file and the Dockerfile name: pulled, or made as stand-ins."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from embedded import temporal_cli
from tests.rehearsal import programs
from tests.rehearsal.engine import Engine
from tests.rehearsal.programs import OWN

CHECKOUT = Path(__file__).resolve().parents[2]
STAND_INS = Path(__file__).with_name("standins")
CA = Path("/etc/ssl/certs/ca-certificates.crt")
PULL_SECONDS = 600
DEBIAN = "chairtime-standin/debian"
OURS = "chairtime:0.1.0"

TARGETS = {
    "postgres": "postgres",
    "temporalio/server": "temporal-server",
    "temporalio/admin-tools": "temporal-admin-tools",
    "temporalio/ui": "temporal-ui",
    "caddy": "caddy",
    "redis": "redis",
    "prom/prometheus": "prometheus",
    "python": "python",
    "node": "node",
}
"""Published images, and the targets of the stand-ins' Dockerfile; Grafana has none."""

PROGRAMS = {
    "caddy": ("caddy",),
    "temporal-server": ("temporal-server",),
    "temporal-admin-tools": ("temporal-sql-tool", "temporal"),
    "temporal-ui": ("temporal-ui",),
}
"""What is built outside the image, by target."""


@dataclass(frozen=True)
class Image:
    name: str
    real: bool


def named() -> list[str]:
    """The images that others publish, each once."""
    compose = re.findall(r"image: (?:&\S+ )?(\S+)", (CHECKOUT / "docker-compose.yml").read_text())
    build = re.findall(r"^ARG \w+=(\S+)", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    ours = ("chairtime:", "*")
    return [name for name in dict.fromkeys([*build, *compose]) if not name.startswith(ours)]


def prepare(engine: Engine, *, pull: bool, say: Callable[[str], None]) -> list[Image]:
    """Each image, real where it can be pulled. Where the first cannot, none is tried."""
    found = []
    for name in named():
        pull = pull and _pull(engine, name)
        if pull:
            found.append(Image(name, real=True))
        elif name.partition(":")[0] in TARGETS:
            _stand_in(engine, name, say)
            found.append(Image(name, real=False))
    return found


def build(engine: Engine, base: Image) -> tuple[int, int]:
    """Builds our image; its size in bytes, with and without the base."""
    secret = ["--secret", f"id=ca,src={CA}"] if CA.exists() else []
    engine.docker(*("build", "--network", "host", *secret, "--tag", OURS, str(CHECKOUT)))
    size = _size(engine, OURS)
    return size, size - _size(engine, base.name)


def _size(engine: Engine, name: str) -> int:
    return int(engine.docker("image", "inspect", "-f", "{{.Size}}", name).stdout)


def _pull(engine: Engine, name: str) -> bool:
    try:
        return not engine.docker("pull", name, check=False, timeout=PULL_SECONDS).returncode
    except subprocess.TimeoutExpired:
        return False


def _stand_in(engine: Engine, name: str, say: Callable[[str], None]) -> None:
    repository, _, tag = name.partition(":")
    target = TARGETS[repository]
    _debian(engine, say)
    say(f"stand-in for {name}")
    with tempfile.TemporaryDirectory(prefix="chairtime-stand-in-") as directory:
        context = Path(directory)
        shutil.copytree(STAND_INS, context, dirs_exist_ok=True)
        for program in chain.from_iterable(PROGRAMS.values()):
            (context / program).touch()  # BuildKit reads only what the target copies
        for program in PROGRAMS.get(target, ()):
            shutil.copy2(_program(program, tag, say), context / program)
        secret = ["--secret", f"id=ca,src={CA}"] if CA.exists() else []
        engine.docker(
            *("build", "--network", "host", *secret, "--target", target, "--tag", name, directory)
        )


def _program(name: str, tag: str, say: Callable[[str], None]) -> Path:
    """The program in the version of the image's tag, such as `2.11.4-alpine`."""
    if name == "temporal":
        return temporal_cli.obtain(say)
    return programs.obtain(name, tag.partition("-")[0], say)


def _debian(engine: Engine, say: Callable[[str], None]) -> None:
    """Debian 12 with Python, by debootstrap."""
    if engine.docker("image", "inspect", DEBIAN, check=False).returncode == 0:
        return
    say("debootstrap (once)")
    with tempfile.TemporaryDirectory(prefix="chairtime-debian-", dir=OWN) as directory:
        engine.run(
            [
                *(
                    "debootstrap",
                    "--variant=minbase",
                    "--include=ca-certificates,python3,python3-venv",
                ),
                *("bookworm", directory, "http://deb.debian.org/debian"),
            ]
        )
        archive = subprocess.Popen(
            ["tar", "-C", directory, "--exclude=./var/cache/apt/archives/*.deb", "-c", "."],
            stdout=subprocess.PIPE,
        )
        engine.docker("import", "-", DEBIAN, stdin=archive.stdout)
        archive.wait()
