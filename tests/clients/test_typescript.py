"""The TypeScript client: its own tests, those against the real stack, and its package."""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from embedded import node
from tests.acceptance.clinic import Clinic
from tests.acceptance.conftest import clinic, premises, standing
from tests.clients.control import Control, serving

__all__ = ["clinic", "premises", "standing"]

CLIENT = node.CHECKOUT / "clients" / "typescript"
STACK = sorted((CLIENT / "tests" / "stack").glob("*.test.ts*"))

LOCKS = 24
"""The first Node that has Web Locks, by which tabs agree on who reads the stream."""


@pytest.fixture(scope="session")
def environment() -> Mapping[str, str]:
    """Node with all npm packages."""
    variables = node.environment(node.obtain(print, LOCKS))
    node.install(variables, print)
    return {**variables, "CI": "1", "NO_COLOR": "1"}


def run(environment: Mapping[str, str], *argv: str, cwd: Path = CLIENT) -> str:
    done = subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_own_tests_pass(environment):
    run(environment, "npm", "test")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("file", STACK, ids=lambda file: file.name.partition(".")[0])
async def test_against_the_stack(environment, clinic: Clinic, file: Path):
    async with serving(Control(clinic)) as control:
        vitest = await asyncio.create_subprocess_exec(
            *("npx", "vitest", "run", str(file.relative_to(CLIENT))),
            cwd=CLIENT,
            env={
                **environment,
                "CHAIRTIME_API": clinic.premises.one.url,
                "CHAIRTIME_CONTROL": control,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await vitest.communicate()
        finally:
            if vitest.returncode is None:
                vitest.kill()
    assert vitest.returncode == 0, output.decode()
