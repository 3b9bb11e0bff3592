"""`make rehearse`: starts docker-compose.yml as it is on a Docker engine, and tries what production
must stand: acceptance through the proxy, a rolling update, parts taken away under load, a backup,
a restart, the profiles. The output ends with a table of the steps and says which images were real.
It is no part of `make test`.
"""

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.rehearsal import engine, first_start, images, steps
from tests.rehearsal.engine import Engine
from tests.rehearsal.images import Image
from tests.rehearsal.rehearsal import Failed, Watch
from tests.rehearsal.stack import Stack
from tests.rehearsal.steps import Result

LARGEST_IMAGE = 250e6
LARGEST_PART = 120e6
"""Of the image without its base, for where a stand-in replaces the base, which has about 130 MB."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make rehearse")
    parser.add_argument("--stand-ins", action="store_true", help="do not try to pull images")
    parser.add_argument("--only", default=",".join(steps.STEPS), help="steps, by commas")
    parser.add_argument("--keep", action="store_true", help="leave volumes for the next rehearsal")
    options = parser.parse_args()
    watch = Watch()

    def say(line: str) -> None:
        print(f"{watch.seconds:6.0f} s  {line}", flush=True)

    with engine.running(say) as docker, tempfile.TemporaryDirectory() as directory:
        found = images.prepare(docker, pull=not options.stand_ins, say=say)
        built = _build(docker, next(each for each in found if each.name.startswith("python:")))
        say(str(built))
        stack = Stack(docker, Path(directory))
        stack.down(volumes=True)
        try:
            results = [built, *_rehearse(stack, options.only.split(","), say)]
        finally:
            stack.down(volumes=not options.keep)
        _report(docker, found, results)
    well = all(result.well for result in results)
    say("rehearsal: all ok" if well else "rehearsal: FAILED")
    return 0 if well else 1


def _build(docker: Engine, base: Image) -> Result:
    watch = Watch()
    size, part = images.build(docker, base)
    well = size <= LARGEST_IMAGE if base.real else part <= LARGEST_PART
    found = f"{size / 1e6:.0f} MB, {part / 1e6:.0f} without its base"
    return Result("image", well, watch.seconds, found)


def _rehearse(stack: Stack, names: list[str], say: Callable[[str], None]) -> list[Result]:
    first = _interrupt(stack)
    say(str(first))
    seconds = stack.up()
    started = Result("start", True, seconds, "with JWT_ISSUER alone, all healthy")
    say(str(started))
    stack.settings["JWT_SECRET"] = secrets.token_hex(32)
    say(f"again with the key of the tests' issuer: {stack.up():.0f} s")
    _trust(stack)
    return [
        first,
        started,
        *asyncio.run(steps.run(stack, stack.settings["JWT_SECRET"], names, say)),
    ]


def _interrupt(stack: Stack) -> Result:
    watch = Watch()
    try:
        found = first_start.interrupt(stack)
        return Result("first start", True, watch.seconds, found)
    except Failed as failure:
        return Result("first start", False, watch.seconds, str(failure))


def _trust(stack: Stack) -> None:
    """Lets the client library trust the proxy's own authority."""
    file = stack.directory / "root.crt"
    file.write_text(stack.authority())
    os.environ["SSL_CERT_FILE"] = str(file)


def _report(docker: Engine, found: list[Image], results: list[Result]) -> None:
    version = docker.docker("version", "--format", "{{.Server.Version}}").stdout.strip()
    compose = docker.run([*docker.compose, "version", "--short"]).stdout.strip()
    print(f"\nDocker engine {version}{' of its own' if docker.own else ''}, compose {compose}")
    for image in found:
        print(f"{'real' if image.real else 'STAND-IN':<12}{image.name}")
    for result in results:
        print(result)


if __name__ == "__main__":
    sys.exit(main())
