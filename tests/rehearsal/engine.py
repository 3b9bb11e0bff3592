"""The Docker engine of a rehearsal: the one that answers, or a `dockerd` of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rehearsal import programs
from tests.rehearsal.programs import OWN

START_SECONDS = 60
COMPOSE = "2.40.3"


class NoEngine(Exception):
    """No Docker engine answers, and none can be started; the message says what to install."""


@dataclass(frozen=True)
class Engine:
    program: str
    """The command line client; one that can build with BuildKit."""
    environment: dict[str, str]
    compose: list[str]
    """The command of Docker Compose."""
    own: bool

    def docker(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Runs the client. Raises CalledProcessError with its output on standard error."""
        return self.run([self.program, *arguments], **options)

    def run(self, command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        chosen = {"check": True, "capture_output": True, "text": True, "env": self.environment}
        return subprocess.run(command, **{**chosen, **options})


@contextmanager
def running(say: Callable[[str], None]) -> Iterator[Engine]:
    """An engine. One that this has started ends with the context; its images stay."""
    program = _client()
    compose = _compose(program, say)
    environment = {**os.environ, "DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}
    if _answers(program, environment):
        yield Engine(program, environment, compose, own=False)
        return
    daemon = shutil.which("dockerd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not daemon or os.geteuid() != 0:
        raise NoEngine("start a Docker engine, or install docker.io and run this as root")
    OWN.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chairtime-docker-") as directory:
        environment["DOCKER_HOST"] = f"unix://{directory}/docker.sock"
        process = _start(daemon, Path(directory))
        try:
            _wait(program, environment, process)
            yield Engine(program, environment, compose, own=True)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _start(daemon: str, directory: Path) -> subprocess.Popen[bytes]:
    with (OWN / "dockerd.log").open("wb") as log:
        return subprocess.Popen(
            [
                daemon,
                f"--host=unix://{directory}/docker.sock",
                f"--data-root={OWN / 'data'}",
                f"--exec-root={directory}/exec",
                f"--pidfile={directory}/docker.pid",
                "--live-restore=false",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait(program: str, environment: dict[str, str], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while not _answers(program, environment):
        if process.poll() is not None or time.monotonic() > until:
            raise NoEngine(f"dockerd did not start; see {OWN / 'dockerd.log'}")
        time.sleep(0.2)


def _client() -> str:
    """A client that builds with BuildKit: any before version 23, and later ones with buildx."""
    for directory in (*os.environ.get("PATH", "").split(":"), "/usr/bin"):
        program = shutil.which("docker", path=directory)
        if program and _builds(program):
            return program
    raise NoEngine("install docker.io, or docker with the plugin buildx")


def _compose(program: str, say: Callable[[str], None]) -> list[str]:
    """Docker Compose 2 as the client's plugin, or built from its module; else 1.29."""
    if not subprocess.run([program, "compose", "version"], capture_output=True).returncode:
        return [program, "compose"]
    try:
        return [str(programs.obtain("docker-compose", COMPOSE, say))]
    except programs.CannotBuild as failure:
        say(f"no Docker Compose 2: {failure}")
    old = shutil.which("docker-compose")
    if not old:
        raise NoEngine("install docker compose (Debian: apt-get install docker-compose)")
    return [old]


def _builds(program: str) -> bool:
    version = subprocess.run(
        [program, "version", "--format", "{{.Client.Version}}"], capture_output=True, text=True
    ).stdout
    old = version.partition(".")[0].isdigit() and int(version.partition(".")[0]) < 23
    return old or not subprocess.run([program, "buildx", "version"], capture_output=True).returncode


def _answers(program: str, environment: dict[str, str]) -> bool:
    done = subprocess.run([program, "info"], env=environment, capture_output=True)
    return done.returncode == 0
