"""Backups of the database and their restore, by the commands of docs/operations.md."""

import asyncio
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from embedded.binaries import binaries


async def dump(dsn: str, file: Path) -> None:
    await _run("pg_dump", "--format=custom", "--schema=chairtime", f"--file={file}", dsn)


async def restore(dsn: str, superuser_dsn: str, file: Path) -> None:
    """Replaces the database by the dumped one, whoever is connected."""
    name = urlsplit(dsn).path.lstrip("/")
    connection = await asyncpg.connect(superuser_dsn)
    try:
        await connection.execute(f"drop database {name} with (force)")
        await connection.execute(f"create database {name} owner chairtime")
    finally:
        await connection.close()
    await _run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={dsn}", str(file))


async def _run(program: str, *arguments: str) -> None:
    argv = [str(binaries() / program), *arguments]
    done = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
