"""PgBouncer in front of a test's Postgres: a stand-in for hosted poolers."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from embedded import paths, ports, stack
from tests import optional


@contextlib.contextmanager
def pgbouncer(postgres: stack.RunningPostgres, directory: Path, mode: str) -> Iterator[int]:
    """Its port, in `session` or `transaction` mode. `directory` must be reachable for its user."""
    program = optional.needed("pgbouncer")
    port = ports.any_free()
    passfile = postgres.part.data / "chairtime.pgpass"
    password = passfile.read_text().strip().rpartition(":")[2]
    server = f"host=127.0.0.1 port={postgres.part.port} user=chairtime password={password}"
    (directory / "users").write_text('"chairtime" ""\n')
    config = directory / "config"
    config.write_text(
        f"[databases]\n* = {server}\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\n"
        f"auth_type=any\nauth_file={directory}/users\npool_mode={mode}\nunix_socket_dir=\n"
    )
    user = paths.unprivileged_user()
    as_user = {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}
    pooler = subprocess.Popen([program, str(config)], **as_user)
    try:
        while ports.free(port):
            assert pooler.poll() is None
            time.sleep(0.05)
        yield port
    finally:
        pooler.kill()
        pooler.wait()
