"""The roles of the running processes, made by the administrator's script."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from embedded.binaries import binaries

SCRIPT = Path(__file__).resolve().parent.parent / "deploy" / "database" / "roles.sql"
PASSWORD = "password-of-a-test"
LOGINS = ("chairtime_api", "chairtime_worker")


def create(superuser_dsn: str) -> None:
    """Creates the roles, if the server does not have them."""
    known = _psql(superuser_dsn, "-Atc", "select rolname from pg_roles").split()
    if "chairtime_api" not in known:
        variables = [f"{name}_password={PASSWORD}" for name in ("api", "worker")]
        given = [word for variable in variables for word in ("-v", variable)]
        _psql(superuser_dsn, *given, "-f", str(SCRIPT))


def dsn_of(role: str, dsn: str) -> str:
    """The same database, for this role."""
    parts = urlsplit(dsn)
    where = f"{parts.hostname}:{parts.port}{parts.path}"
    return f"postgresql://{role}:{PASSWORD}@{where}?sslmode=disable"


def _psql(dsn: str, *arguments: str) -> str:
    argv = [str(binaries() / "psql"), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", dsn, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
