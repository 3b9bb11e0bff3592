"""`make rehearse`: starts docker-compose.yml as it is on a Docker engine, and tries what production
must stand: acceptance through the proxy, each container killed under load, a rolling update, a
restart, backup and restore. The output says which images were real. It is no part of `make test`.
"""

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.rehearsal import engine, images, steps
from tests.rehearsal.stack import Stack


def main() -> int:
    parser = argparse.ArgumentParser(prog="make rehearse")
    parser.add_argument("--stand-ins", action="store_true", help="do not try to pull images")
    parser.add_argument("--only", default=",".join(steps.STEPS), help="steps, by commas")
    parser.add_argument("--keep", action="store_true", help="leave volumes for the next rehearsal")
    options = parser.parse_args()
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)

    with engine.running() as docker, tempfile.TemporaryDirectory() as directory:
        version = docker.docker("version", "--format", "{{.Server.Version}}").stdout.strip()
        compose = docker.run([*docker.compose, "version", "--short"]).stdout.strip()
        say(f"Docker engine {version}{' of its own' if docker.own else ''}, compose {compose}")
        for image in images.prepare(docker, pull=not options.stand_ins, say=say):
            say(f"{'real' if image.real else 'STAND-IN'}: {image.name}")
        say(f"image: {images.build(docker) / 1e6:.0f} MB")
        secret = secrets.token_hex(32)
        stack = Stack(docker, Path(directory))
        stack.down(volumes=True)
        try:
            say(f"started with JWT_ISSUER alone: all healthy in {stack.up():.0f} s")
            stack.settings["JWT_SECRET"] = secret
            say(f"again with the key of the tests' issuer: {stack.up():.0f} s")
            _trust(stack, Path(directory))
            well = asyncio.run(steps.run(stack, secret, options.only.split(","), say))
        finally:
            stack.down(volumes=not options.keep)
    say("rehearsal: all ok" if well else "rehearsal: FAILED")
    return 0 if well else 1


def _trust(stack: Stack, directory: Path) -> None:
    """Lets the client library trust the proxy's own authority."""
    proxy = stack.of("proxy")[0].name
    root = "/data/caddy/pki/authorities/local/root.crt"
    file = directory / "root.crt"
    file.write_text(stack.engine.docker("exec", proxy, "cat", root).stdout)
    os.environ["SSL_CERT_FILE"] = str(file)


if __name__ == "__main__":
    sys.exit(main())
