"""Temporal's own server on a Postgres of its own, as in production. Its schema is made by its own
tool, which needs an extension that the embedded Postgres does not have.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded import paths, ports, stack, temporal_cli
from embedded.process import Command, Process, wait_until
from tests import optional

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "temporal"
PASSWORD = "password-of-a-test"
DATABASES = {"temporal": "temporal", "temporal_visibility": "visibility"}
"""Each database, and the schema that it gets."""

SERVICES = ("FRONTEND", "HISTORY", "MATCHING", "WORKER")


@dataclass(frozen=True)
class Server:
    """`temporal-server` with all its services in one process."""

    port: int
    environment: Mapping[str, str]

    @property
    def address(self) -> str:
        return f"{ports.HOST}:{self.port}"

    def start(self, log: Path) -> Process:
        """Starts it, and returns when it has the namespace `default`."""
        argv = [optional.needed("temporal-server"), "start"]
        process = Process(Command(argv, self.environment), log)
        try:
            wait_until(lambda: not ports.free(self.port), process, 60)
            self._make_namespace()
        except BaseException:
            process.kill()
            raise
        return process

    def _make_namespace(self) -> None:
        directory = str(temporal_cli.obtain(print).parent)
        path = f"{directory}:{os.environ['PATH']}"
        _run(["sh", str(DEPLOY / "namespace.sh")], TEMPORAL_ADDRESS=self.address, PATH=path)


@contextlib.contextmanager
def running() -> Iterator[stack.RunningTemporal]:
    """The server with the settings of the compose file, but few history shards."""
    directory = paths.temporary(preferred=paths.memory())
    try:
        with _postgres(directory) as port:
            for database, schema in DATABASES.items():
                _make_schema(port, database, schema)
            part = _server(port)
            log = directory / "temporal.log"
            server = stack.RunningTemporal(part, log, part.start(log))
            try:
                yield server
            finally:
                server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _postgres(directory: Path) -> Iterator[int]:
    """The port of an empty Postgres whose superuser is `temporal`."""
    programs = Path(optional.needed("initdb")).resolve().parent
    user, data, port = paths.unprivileged_user(), directory / "postgres", ports.any_free()
    data.mkdir(mode=0o700)
    password = directory / "password"
    password.write_text(PASSWORD)
    if user is not None:
        os.chown(data, user.uid, user.gid)
        os.chown(password, user.uid, user.gid)
    given = ["-D", str(data), "-U", "temporal", "-A", "scram-sha-256", "--pwfile", str(password)]
    log = directory / "postgres.log"
    Process(Command([str(programs / "initdb"), *given, "-N"], user=user), log).wait()
    settings = {
        "listen_addresses": ports.HOST,
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    argv = [str(programs / "postgres"), "-D", str(data), *options]
    process = Process(Command(argv, stop=signal.SIGINT, user=user), log)
    try:
        ready = [str(programs / "pg_isready"), "-q", "-h", ports.HOST, "-p", str(port)]
        wait_until(lambda: not subprocess.run(ready).returncode, process, 30)
        yield port
    finally:
        process.stop()


def _make_schema(postgres_port: int, database: str, schema: str) -> None:
    """As deploy/temporal/schema.sh does, in a new database."""
    for step in (
        ["create-database"],
        ["setup-schema", "-v", "0.0"],
        ["update-schema", "--schema-name", f"postgresql/v12/{schema}"],
    ):
        _run(
            [optional.needed("temporal-sql-tool"), "--db", database, *step],
            SQL_PLUGIN="postgres12",
            SQL_HOST=ports.HOST,
            SQL_PORT=str(postgres_port),
            SQL_USER="temporal",
            SQL_PASSWORD=PASSWORD,
        )


def _server(postgres_port: int) -> Server:
    own = {
        f"{service}_{kind}_PORT": str(ports.any_free())
        for service in SERVICES
        for kind in ("GRPC", "MEMBERSHIP")
    }
    environment = own | {
        "DB": "postgres12",
        "POSTGRES_SEEDS": ports.HOST,
        "DB_PORT": str(postgres_port),
        "POSTGRES_USER": "temporal",
        "POSTGRES_PWD": PASSWORD,
        "BIND_ON_IP": ports.HOST,
        "FRONTEND_HTTP_PORT": str(ports.any_free()),
        "NUM_HISTORY_SHARDS": "4",
        "DYNAMIC_CONFIG_FILE_PATH": str(DEPLOY / "dynamicconfig.yaml"),
        "LOG_LEVEL": "warn",
    }
    return Server(int(own["FRONTEND_GRPC_PORT"]), environment)


def _run(argv: list[str], **environment: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout + done.stderr
