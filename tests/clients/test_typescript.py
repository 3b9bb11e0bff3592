"""The TypeScript client: its own tests, those against the real stack, and its package."""

import asyncio
import json
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

pytestmark = pytest.mark.timeout(600)  # on a new machine the first test gets Node and all packages

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


def test_the_web_apps_own_tests_pass(environment):
    run(environment, "npm", "test", cwd=node.CHECKOUT / "web")


def test_what_is_generated_is_made_from_the_committed_document(environment, tmp_path):
    """After a change of the API: `python -m tests.api.test_openapi` writes it anew."""
    scripts = json.loads((CLIENT / "package.json").read_text())["scripts"]
    generate = scripts["generate"].replace("src/generated", str(tmp_path))
    run(environment, "npx", "--no", "--call", generate)
    committed = CLIENT / "src" / "generated"
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        file.name: file.read_text() for file in committed.iterdir()
    }


async def test_hooks_and_tabs_equal_the_server_across_cuts_and_kills(environment, clinic: Clinic):
    async with serving(Control(clinic)) as control:
        vitest = await asyncio.create_subprocess_exec(
            *("npx", "vitest", "run"),
            cwd=CLIENT,
            env={
                **environment,
                "CHAIRTIME_API": clinic.premises.one.url,
                "CHAIRTIME_OTHER": clinic.premises.two.url,
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


@pytest.fixture(scope="session")
def package(environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder into which the packed client was installed."""
    folder = tmp_path_factory.mktemp("consumer")
    packed = run(environment, "npm", "pack", "--pack-destination", str(folder), "--silent")
    tarball = folder / packed.split()[-1]
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    run(environment, "npm", "install", "--no-audit", "--no-fund", str(tarball), cwd=folder)
    return folder


NODE_CONSUMER = """
import { createClient, isRefusal, type StreamItem } from '@chairtime/client';

export async function kinds(url: string, token: string): Promise<string[]> {
  const client = createClient({ baseUrl: url, getToken: () => token });
  const { data } = await client.api.GET('/api/profiles/dentists');
  const first: string | undefined = data?.[0]?.full_name;
  // @ts-expect-error there is no such route
  await client.api.GET('/api/nothing');
  // @ts-expect-error a command of holds takes no reason
  await client.commands.run('confirm', 'id', { reason: 'ill' });
  const seen: string[] = [first ?? ''];
  for await (const item of client.events()) {
    const each: StreamItem = item;
    if (each.type === 'event') seen.push(each.kind);
    if (isRefusal(each, 'slot_unavailable')) return [each.code];
  }
  return seen;
}
"""

REACT_CONSUMER = """
import { createClient } from '@chairtime/client';
import { ChairtimeProvider, useAppointments, useCancel } from '@chairtime/client/react';

function Names() {
  const { data, error } = useAppointments({ status: ['booked'] });
  const cancel = useCancel();
  const code: string | null = error?.name === 'Refusal' ? error.code : null;
  // @ts-expect-error an appointment has no such field
  void data?.items[0]?.nothing;
  return <button onClick={() => cancel.mutate({ id: '1', reason: 'ill' })}>{code}</button>;
}

export const page = <ChairtimeProvider client={createClient()}><Names /></ChairtimeProvider>;
"""

IN_PLAIN_NODE = """
import { createClient } from '@chairtime/client';
const client = createClient({ baseUrl: process.argv[2], getToken: () => process.argv[3] });
for await (const item of client.events({ topics: ['appointments'] })) {
  console.log(item.type);
  break;
}
const { data } = await client.api.GET('/api/profiles/dentists');
console.log(data.length > 0);
"""


def test_its_package_is_typed_for_node_and_for_react(environment, package):
    (package / "node.ts").write_text(NODE_CONSUMER)
    (package / "react.tsx").write_text(REACT_CONSUMER)
    modules = node.CHECKOUT / "node_modules"
    for name in ("react", "@types", "@tanstack", "csstype", "undici-types"):
        (package / "node_modules" / name).symlink_to(modules / name)
    common = ("tsc", "--noEmit", "--strict", "--module", "nodenext", "--target", "es2022")
    tsc = [str(modules / ".bin" / common[0]), *common[1:]]
    run(environment, *tsc, "--lib", "es2022", "--types", "node", "node.ts", cwd=package)
    react = ("--lib", "es2023,dom,dom.iterable", "--jsx", "react-jsx", "--types", "react")
    run(environment, *tsc, *react, "react.tsx", cwd=package)


def test_its_package_has_readme_and_source_maps_and_nothing_of_the_tests(package):
    installed = package / "node_modules" / "@chairtime" / "client"
    assert (installed / "README.md").exists()
    for script in installed.rglob("dist/**/*.js"):
        mapped = json.loads(script.with_suffix(".js.map").read_text())
        for source in mapped["sources"]:
            assert (script.parent / source).exists()
    assert not (installed / "tests").exists()


async def test_its_package_runs_in_plain_node(environment, package, clinic: Clinic):
    (package / "run.js").write_text(IN_PLAIN_NODE)
    token = clinic.token("patient", clinic.patient())
    argv = ("node", "run.js", clinic.premises.one.url, token)
    said = await asyncio.to_thread(run, environment, *argv, cwd=package)
    assert said.split() == ["ready", "true"]
