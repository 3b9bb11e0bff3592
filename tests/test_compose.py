"""The container files say what is needed, keep secrets out and publish on loopback only."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import asyncpg
import pytest
import yaml

from embedded import temporal
from settings import Settings
from tests import optional

ROOT = Path(__file__).resolve().parents[1]
BASE, TRY = (
    yaml.safe_load((ROOT / f).read_text()) for f in ("docker-compose.yml", "compose.try.yml")
)
REQUIRED = {
    "JWT_ISSUER": "https://issuer.example",
    "POSTGRES_PASSWORD": "one",
    "TEMPORAL_POSTGRES_PASSWORD": "two",
}
COMMANDS = ("api", "worker", "migrate", "demo-data")
ONE_SHOT = {"migrate", "temporal-schema", "temporal-namespace", "demo-data"}
SERVERS = [name for name in BASE["services"] if name not in ONE_SHOT]

TEMPORAL_CLIENT = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"}
"""Read by Temporal's client configuration, not by Settings."""

SET_BY_THE_CONTAINER = {
    "CHAIRTIME_HOME",
    "HOST",
    "PORT",
    "METRICS_HOST",
    "METRICS_PORT",
    "HEALTH_HOST",
}
"""Settings that say where a process listens and keeps files: nobody's business outside."""

SECRET = re.compile(r"PASSWORD|PWD|SECRET|KEY|DATABASE_URL")
REQUIRED_VALUE = re.compile(r"\$\{[A-Z_]+:\?[^}]*\}")


def services(*names: str):
    """The services of both files with these names, or all of them."""
    return [
        pytest.param(service, id=f"{file}-{name}")
        for file, content in (("base", BASE), ("try", TRY))
        for name, service in content["services"].items()
        if not names or name in names
    ]


def run_config(tmp_path: Path, *files: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`docker-compose config` with these variables and without a .env file."""
    empty = tmp_path / "empty.env"
    empty.touch()
    arguments = [word for file in files for word in ("-f", str(ROOT / file))]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [optional.needed("docker-compose"), "--env-file", str(empty), *arguments, "config"],
        env={**kept, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("service", services(*COMMANDS))
def test_each_variable_of_our_services_is_a_setting(service):
    known = {name.upper() for name in Settings.model_fields} | TEMPORAL_CLIENT
    assert set(service.get("environment", {})) - known == set()


@pytest.mark.parametrize("name", ["api", "worker", "migrate"])
def test_each_setting_reaches_our_services(name):
    """A new setting goes into `x-settings` of docker-compose.yml, or into SET_BY_THE_CONTAINER."""
    settings = {field.upper() for field in Settings.model_fields} - SET_BY_THE_CONTAINER
    assert settings - set(BASE["services"][name]["environment"]) == set()


@pytest.mark.parametrize("service", services())
def test_each_image_is_pinned(service):
    if "image" in service:
        assert re.search(r":(\$\{CHAIRTIME_VERSION:-)?\d+\.\d+", service["image"]), service["image"]


def test_only_api_and_web_ui_are_published_and_only_on_loopback():
    published = {
        name: service["ports"]
        for content in (BASE, TRY)
        for name, service in content["services"].items()
        if "ports" in service
    }
    assert set(published) == {"api", "temporal-ui"}
    for port in (port for ports in published.values() for port in ports):
        assert port.startswith("127.0.0.1:"), port


@pytest.mark.parametrize("content", [BASE, TRY], ids=["base", "try"])
def test_no_secret_has_a_default(content):
    for name, service in content["services"].items():
        for variable, value in service.get("environment", {}).items():
            if value and SECRET.search(variable):
                fixed = REQUIRED_VALUE.sub("", value, count=1)
                without = {"", "postgresql://chairtime:@postgres:5432/chairtime"}
                assert fixed in without, f"{name}: {variable}"


@pytest.mark.parametrize("name", SERVERS)
def test_each_server_starts_again_by_itself(name):
    assert BASE["services"][name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", [name for name in SERVERS if name != "temporal-ui"])
def test_each_server_has_a_health_check(name):
    assert BASE["services"][name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("service", services())
def test_each_dependency_says_what_it_waits_for(service):
    for name, dependency in service.get("depends_on", {}).items():
        done = "service_completed_successfully" if name in ONE_SHOT else "service_healthy"
        assert dependency == {"condition": done}, name


def test_the_image_runs_our_commands_without_root():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert lines.count('ENTRYPOINT ["chairtime"]') == 1
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER chairtime"


def test_the_image_is_built_from_what_the_wheel_holds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    wheel = set(project["hatch"]["build"]["targets"]["wheel"]["only-include"])
    packages = set(project["importlinter"]["root_packages"]) - {"chairtime_client", "benchmarks"}
    copied = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)

    assert packages | {"migrations"} <= wheel
    python = wheel | {"clients/python", "pyproject.toml", "uv.lock", "README.md"}
    web = {"web", "clients/typescript", "package.json", "package-lock.json", ".npmrc"}
    assert python | web | {"tsconfig.base.json"} == set(copied)


def test_the_temporal_server_is_tuned_as_the_development_server():
    tuning = yaml.safe_load((ROOT / "deploy" / "temporal" / "dynamicconfig.yaml").read_text())
    for_one_shard = {
        "history.transferProcessorMaxPollRPS",
        "history.timerProcessorMaxPollRPS",
    }
    default_elsewhere = {"system.forceSearchAttributesCacheRefreshOnRead"}
    values = {name: value for name, ((value),) in tuning.items()}

    assert {name: value["value"] for name, value in values.items()} == {
        name: value
        for name, value in temporal.DYNAMIC_CONFIG.items()
        if name not in for_one_shard | default_elsewhere
    }


@pytest.mark.optional("docker-compose")
@pytest.mark.parametrize("missing", list(REQUIRED))
def test_compose_names_the_variable_that_is_missing(missing, tmp_path):
    given = {name: value for name, value in REQUIRED.items() if name != missing}

    done = run_config(tmp_path, "docker-compose.yml", **given)

    assert done.returncode != 0
    assert f"set {missing} in .env" in done.stderr


@pytest.mark.optional("docker-compose")
@pytest.mark.parametrize(
    "files", [("docker-compose.yml",), ("docker-compose.yml", "compose.try.yml")], ids=len
)
def test_compose_accepts_the_files_with_what_is_required(files, tmp_path):
    done = run_config(tmp_path, *files, EVENTS_KEPT_HOURS="48", **REQUIRED)

    assert done.returncode == 0, done.stderr
    api = yaml.safe_load(done.stdout)["services"]["api"]["environment"]
    assert api["EVENTS_KEPT_HOURS"] == "48"
    assert api["ENVIRONMENT"] == ("development" if len(files) == 2 else "production")


@pytest.mark.optional("docker-compose")
def test_the_try_file_needs_nothing_else():
    done = subprocess.run(
        [optional.needed("docker-compose"), "--env-file", "compose.try.env", "config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "demo-data" in yaml.safe_load(done.stdout)["services"]


def load_demo_data(dsn: str, directory: Path, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "demo-data"],
        env={"PATH": os.environ["PATH"], "DATABASE_URL": dsn, **environment},
        cwd=directory,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


async def count_clinics(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval("select count(*) from chairtime.clinics")
    finally:
        await connection.close()


@pytest.mark.parametrize("environment", [{}, {"ENVIRONMENT": "production"}], ids=["unset", "set"])
async def test_demo_data_is_refused_in_production(environment, dsn, tmp_path):
    before = await count_clinics(dsn)

    code, error = load_demo_data(dsn, tmp_path, **environment)

    assert code != 0
    assert "ENVIRONMENT=development" in error
    assert await count_clinics(dsn) == before


async def test_demo_data_can_be_loaded_again(dsn, tmp_path):
    codes, counts = [], []
    for _ in range(2):
        codes.append(load_demo_data(dsn, tmp_path, ENVIRONMENT="development"))
        counts.append(await count_clinics(dsn))

    assert codes == [(0, ""), (0, "")]
    assert counts == [2, 2]
