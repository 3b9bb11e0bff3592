"""The compose file as it is, started under a project name of its own, on this machine only."""

import json
import os
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rehearsal.engine import Engine
from tests.rehearsal.images import CHECKOUT

PROJECTS = "chairtime-rehearsal-"
ISSUER = "https://issuer.example/auth/v1"
HTTPS, HTTP = 18443, 18080
URL = f"https://localhost:{HTTPS}"
START_SECONDS = 300
ONE_SHOT = {"secrets", "temporal-schema", "temporal-namespace", "migrate", "demo-data"}


class NotHealthy(Exception):
    """A container did not become healthy in time."""


@dataclass
class Stack:
    engine: Engine
    directory: Path
    """Where the .env file is kept."""
    settings: dict[str, str] = field(default_factory=dict)
    name: str = "production"

    def __post_init__(self) -> None:
        # The ports of this machine are the only thing that is not as in production.
        self.settings = {
            "JWT_ISSUER": ISSUER,
            "PUBLISH": "127.0.0.1",
            "HTTPS_PORT": str(HTTPS),
            "HTTP_PORT": str(HTTP),
            **self.settings,
        }

    @property
    def project(self) -> str:
        return PROJECTS + self.name

    @property
    def command(self) -> list[str]:
        env = self.directory / "env"
        env.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()))
        return [*self.engine.compose, "--project-name", self.project, "--env-file", str(env)]

    def compose(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return self.engine.run([*self.command, *arguments], cwd=CHECKOUT, **options)

    def script(self, name: str, *arguments: str) -> str:
        """Runs a script of deploy/."""
        path = f"{Path(self.engine.program).parent}:{os.environ['PATH']}"
        return self.engine.run(
            ["sh", str(CHECKOUT / "deploy" / name), *arguments],
            cwd=CHECKOUT,
            env={**self.engine.environment, "COMPOSE": " ".join(self.command), "PATH": path},
        ).stdout

    def up(self, *services: str) -> float:
        """Starts these services, or everything; the seconds until all is healthy."""
        began = time.monotonic()
        self.compose("up", "--detach", "--no-build", *services, timeout=START_SECONDS)
        self.healthy()
        return time.monotonic() - began

    def down(self, *, volumes: bool = False) -> None:
        self.compose("down", "--timeout", "30", "--remove-orphans", timeout=180)
        label = f"label=com.docker.compose.project={self.project}"
        found = self.engine.docker("volume", "ls", "--quiet", "--filter", label).stdout.split()
        if volumes and found:
            self.engine.docker("volume", "rm", *found)

    def healthy(self, seconds: float = START_SECONDS) -> None:
        """Returns once each server is healthy and each job is done."""
        until = time.monotonic() + seconds
        while wrong := [f"{c.name}: {c.state}" for c in self.containers() if not c.well]:
            if time.monotonic() > until:
                raise NotHealthy(", ".join(wrong))
            time.sleep(0.5)

    def containers(self) -> list["Container"]:
        ids = self.engine.docker(
            *("ps", "--all", "--quiet"),
            *("--filter", f"label=com.docker.compose.project={self.project}"),
        ).stdout.split()
        if not ids:
            return []
        return [Container(each) for each in json.loads(self.engine.docker("inspect", *ids).stdout)]

    def of(self, service: str) -> list["Container"]:
        return [each for each in self.containers() if each.service == service]

    def python(self, script: Path, given: object) -> Any:
        """Runs a script in a container of the API, with its packages and settings."""
        name = self.of("api")[0].name
        code = script.read_text()
        done = self.engine.docker(
            *("exec", "-i", name, "python", "-c", code), input=json.dumps(given), timeout=300
        )
        return json.loads(done.stdout.splitlines()[-1])

    def tls(self) -> ssl.SSLContext:
        """Trusts the authority that the proxy made for localhost, and no other."""
        return ssl.create_default_context(cadata=self.authority())

    def authority(self) -> str:
        proxy = self.of("proxy")[0].name
        root = "/data/caddy/pki/authorities/local/root.crt"
        return self.engine.docker("exec", proxy, "cat", root).stdout


@dataclass(frozen=True)
class Container:
    inspected: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.inspected["Id"])

    @property
    def name(self) -> str:
        return str(self.inspected["Name"]).removeprefix("/")

    @property
    def service(self) -> str:
        return str(self.inspected["Config"]["Labels"]["com.docker.compose.service"])

    @property
    def state(self) -> str:
        state = self.inspected["State"]
        health = state.get("Health", {}).get("Status")
        return f"{state['Status']} {health or state['ExitCode']}"

    @property
    def well(self) -> bool:
        return self.state == ("exited 0" if self.service in ONE_SHOT else "running healthy")
