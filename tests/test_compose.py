"""The container files need one variable, publish only the proxy, and contain each process."""

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
CADDYFILE = (ROOT / "deploy" / "proxy" / "Caddyfile").read_text()
COMMANDS = ("api", "worker", "migrate", "demo-data")
ONE_SHOT = {"secrets", "migrate", "temporal-schema", "temporal-namespace", "demo-data"}
SERVERS = [name for name in BASE["services"] if name not in ONE_SHOT]

TEMPORAL_CLIENT = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY"}
"""Read by Temporal's client configuration, not by Settings."""

TRACES = {
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
}
"""Read by OpenTelemetry's SDK."""

SET_BY_THE_CONTAINER = {
    "CHAIRTIME_HOME",
    "HOST",
    "PORT",
    "METRICS_HOST",
    "METRICS_PORT",
    "HEALTH_HOST",
}
"""Settings that say where a process listens and keeps files: nobody's business outside."""

TEMPORAL_DATABASE = {"POSTGRES_SEEDS", "DB_PORT", "POSTGRES_USER"}
VARIABLES = {
    "postgres": {"POSTGRES_PASSWORD_FILE"},
    "temporalio/admin-tools": {*TEMPORAL_DATABASE, "TEMPORAL_ADDRESS", "HOME"},
    "temporalio/server": {
        *TEMPORAL_DATABASE,
        "DB",
        "BIND_ON_IP",
        "NUM_HISTORY_SHARDS",
        "DYNAMIC_CONFIG_FILE_PATH",
        "PROMETHEUS_ENDPOINT",
    },
    "temporalio/ui": {
        "TEMPORAL_ADDRESS",
        "TEMPORAL_UI_PUBLIC_PATH",
        "TEMPORAL_CORS_ORIGINS",
        "TEMPORAL_NOTIFY_ON_NEW_VERSION",
    },
    "caddy": {"XDG_CONFIG_HOME"},
    "redis": set(),
    "prom/prometheus": set(),
    "grafana/grafana": {
        "GF_SERVER_ROOT_URL",
        "GF_SERVER_SERVE_FROM_SUB_PATH",
        "GF_AUTH_ANONYMOUS_ENABLED",
        "GF_AUTH_ANONYMOUS_ORG_ROLE",
        "GF_AUTH_DISABLE_LOGIN_FORM",
        "GF_AUTH_BASIC_ENABLED",
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_PLUGINS_PREINSTALL_DISABLED",
    },
}
"""The variables of each published image that we use, from its documentation."""

SECRET = re.compile(r"PASSWORD|PWD|SECRET|KEY|DATABASE_URL")
INTERPOLATED = re.compile(r"\$\{([A-Z_]+)")


def services(*names: str):
    """The services of both files with these names, or all of them."""
    return [
        pytest.param(service, id=f"{file}-{name}")
        for file, content in (("base", BASE), ("try", TRY))
        for name, service in content["services"].items()
        if not names or name in names
    ]


def containers():
    """The services that say themselves how they run: all but those that `try` changes."""
    return [
        pytest.param(name, service, id=name)
        for content in (BASE, TRY)
        for name, service in content["services"].items()
        if "image" in service
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
    known = {name.upper() for name in Settings.model_fields} | TEMPORAL_CLIENT | TRACES
    assert set(service.get("environment", {})) - known == set()


@pytest.mark.parametrize(
    ("name", "service"), [each for each in containers() if each.values[0] not in COMMANDS]
)
def test_each_variable_of_other_images_is_the_images_or_our_files(name, service):
    image = service["image"].partition(":")[0]
    files = "".join(path.read_text() for path in (ROOT / "deploy").rglob("*") if path.is_file())
    ours = {variable for variable in service.get("environment", {}) if f"${variable}" in files}
    assert set(service.get("environment", {})) - ours - VARIABLES[image] == set()


@pytest.mark.parametrize("name", ["api", "worker", "migrate"])
def test_each_setting_reaches_our_services(name):
    """A new setting goes into `x-settings` of docker-compose.yml, or into SET_BY_THE_CONTAINER."""
    settings = {field.upper() for field in Settings.model_fields} - SET_BY_THE_CONTAINER
    assert (settings | TRACES) - set(BASE["services"][name]["environment"]) == set()


def test_env_example_explains_each_setting_and_each_variable_of_the_compose_file():
    explained = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    settings = {field.upper() for field in Settings.model_fields}
    used = set(INTERPOLATED.findall((ROOT / "docker-compose.yml").read_text()))
    assert (settings | used | TRACES) - explained == set()


@pytest.mark.parametrize("service", services())
def test_each_image_is_pinned(service):
    if "image" in service:
        assert re.search(r":(\$\{CHAIRTIME_VERSION:-)?v?\d+\.\d+", service["image"])


def test_only_the_proxy_is_published():
    published = {
        name
        for content in (BASE, TRY)
        for name, service in content["services"].items()
        if "ports" in service
    }
    assert published == {"proxy"}


@pytest.mark.parametrize(("name", "service"), containers())
def test_each_container_is_contained(name, service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service.get("cap_add", []) == {"secrets": ["CHOWN"], "proxy": ["NET_BIND_SERVICE"]}.get(
        name, []
    )
    assert (service["user"].partition(":")[0] in ("0", "root")) == (name == "secrets")


@pytest.mark.parametrize("name", ["postgres", "temporal-postgres", "temporal", "prometheus"])
def test_databases_temporal_and_metrics_have_no_way_out(name):
    for network in BASE["services"][name]["networks"]:
        assert BASE["networks"][network] == {"internal": True}


def test_the_proxy_reaches_no_database_and_no_temporal_server():
    near = {
        name
        for name, service in BASE["services"].items()
        if set(service.get("networks", ())) & set(BASE["services"]["proxy"]["networks"])
    }
    assert near == {"proxy", "api", "temporal-ui", "grafana"}


def test_each_container_sees_only_its_own_secrets():
    seen = {
        name: sorted(v.partition(":")[0] for v in service["volumes"] if v.startswith("secrets-"))
        for name, service in BASE["services"].items()
        if name != "secrets" and any(v.startswith("secrets-") for v in service.get("volumes", ()))
    }
    assert seen == {
        "postgres": ["secrets-postgres"],
        "temporal-postgres": ["secrets-temporal-postgres"],
        "temporal-schema": ["secrets-temporal"],
        "temporal": ["secrets-temporal"],
        **{name: [f"secrets-{name}"] for name in ("migrate", "api", "worker")},
    }


@pytest.mark.parametrize("content", [BASE, TRY], ids=["base", "try"])
def test_no_secret_stands_in_the_file(content):
    for name, service in content["services"].items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable):
                named = value is None or value.startswith("/run/secrets/")
                assert named or re.fullmatch(r"\$\{[A-Z_]+:-\}", value), f"{name}: {variable}"


@pytest.mark.parametrize("name", SERVERS)
def test_each_server_starts_again_by_itself_and_has_a_health_check(name):
    assert BASE["services"][name]["restart"] == "unless-stopped"
    assert BASE["services"][name]["healthcheck"]["test"][0] == "CMD"


def test_cache_and_dashboards_run_on_demand():
    profiles = {
        name: each["profiles"] for name, each in BASE["services"].items() if "profiles" in each
    }
    assert profiles == {"redis": ["cache"], "prometheus": ["obs"], "grafana": ["obs"]}


@pytest.mark.parametrize("service", services())
def test_each_dependency_says_what_it_waits_for(service):
    for name, dependency in service.get("depends_on", {}).items():
        done = "service_completed_successfully" if name in ONE_SHOT else "service_healthy"
        assert dependency == {"condition": done}, name


def test_the_proxy_serves_tools_to_admins_only_and_holds_no_event_back():
    blocks = re.findall(r"\thandle @(\w+) \{\n(.*?)\n\t\}", CADDYFILE, re.DOTALL)
    assert [name for name, _ in blocks] == ["temporal", "grafana"]
    for name, block in blocks:
        assert block.strip().startswith("import admins"), name
    directives = {line.split()[0] for line in CADDYFILE.splitlines() if line.strip()}
    assert not directives & {"encode", "flush_interval", "response_buffers"}


def test_the_proxy_repeats_only_what_takes_effect_once():
    repeated = [line.split()[1:] for line in CADDYFILE.splitlines() if "lb_retry_match" in line]
    assert repeated == [["method", "GET", "HEAD"], ["header", "Idempotency-Key", "*"]]


def test_prometheus_reads_the_metrics_of_api_worker_and_temporal():
    settings = yaml.safe_load((ROOT / "deploy" / "observability" / "prometheus.yml").read_text())
    jobs = {each["job_name"]: each for each in settings["scrape_configs"]}
    api, worker, server = (BASE["services"][name] for name in ("api", "worker", "temporal"))

    assert str(jobs["api"]["dns_sd_configs"][0]["port"]) == api["environment"]["METRICS_PORT"]
    assert str(jobs["worker"]["dns_sd_configs"][0]["port"]) == worker["command"][-1]
    port = server["environment"]["PROMETHEUS_ENDPOINT"].partition(":")[2]
    assert jobs["temporal"]["static_configs"] == [{"targets": [f"temporal:{port}"]}]
    for service in (api, worker, server, BASE["services"]["prometheus"]):
        assert "metrics" in service["networks"]


@pytest.mark.parametrize("script", sorted((ROOT / "deploy").rglob("*.sh")), ids=lambda p: p.name)
def test_each_script_is_accepted_by_sh(script):
    done = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_process_logs_in_as_its_own_role():
    logins = re.findall(r"^login (\S+) (.+)$", (ROOT / "deploy" / "secrets.sh").read_text(), re.M)
    assert dict(logins) == {
        "chairtime": "migrate",
        "chairtime_api": "api",
        "chairtime_worker": "worker",
    }
    for name in ("migrate", "api", "worker"):
        assert f"secrets-{name}:/run/secrets:ro" in BASE["services"][name]["volumes"]


def test_each_process_has_a_login_of_its_own_to_another_postgres():
    given = {
        name: BASE["services"][name]["environment"]["DATABASE_URL"]
        for name in ("migrate", "api", "worker")
    }
    assert given == {name: f"${{{name.upper()}_DATABASE_URL:-}}" for name in given}


def test_no_login_that_is_not_given_hides_the_file_with_the_secret(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "")
    assert "database_url" not in Settings(_env_file=None, _secrets_dir=None).model_fields_set


def test_the_proxy_lets_no_caller_choose_the_trace():
    """On its way to the question whether they may use a tool neither."""
    before_all_handles = CADDYFILE[: CADDYFILE.index("\thandle @")]
    assert "\n\trequest_header -Traceparent\n" in before_all_handles


def test_the_proxy_asks_for_a_tool_without_the_tools_query():
    """The route refuses all parameters, and each page of the tools has some."""
    (asked,) = re.findall(r"forward_auth .*?\turi (\S+)\n", CADDYFILE, re.DOTALL)
    assert asked == "/api/admin/tools?"


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
def test_compose_names_the_variable_that_is_missing(tmp_path):
    done = run_config(tmp_path, "docker-compose.yml")

    assert done.returncode != 0
    assert "set JWT_ISSUER in .env" in done.stderr


@pytest.mark.optional("docker-compose")
@pytest.mark.parametrize(
    "files", [("docker-compose.yml",), ("docker-compose.yml", "compose.try.yml")], ids=len
)
def test_compose_needs_one_variable_and_passes_others_on(files, tmp_path):
    given = {"JWT_ISSUER": "https://issuer.example", "EVENTS_KEPT_HOURS": "48"}

    done = run_config(tmp_path, *files, **given)

    assert done.returncode == 0, done.stderr
    api = yaml.safe_load(done.stdout)["services"]["api"]["environment"]
    assert api["EVENTS_KEPT_HOURS"] == "48"
    assert api["ENVIRONMENT"] == ("development" if len(files) == 2 else "production")


@pytest.mark.optional("docker-compose")
def test_the_try_file_listens_on_this_machine_only():
    done = subprocess.run(
        [optional.needed("docker-compose"), "--env-file", "compose.try.env", "config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)["services"]
    assert "demo-data" in found
    for port in found["proxy"]["ports"]:
        assert str(port).startswith("127.0.0.1:") or port["host_ip"] == "127.0.0.1"


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
