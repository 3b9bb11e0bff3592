"""Migrations in dbmate's format: `migrations/YYYYMMDDHHMMSS_name.sql`, `-- migrate:up` and `:down`.

`dbmate` can be used on the same database with DBMATE_MIGRATIONS_TABLE=chairtime.schema_migrations:
it keeps the same table, whose column `checksum` is ours.
Nothing here runs ANALYZE: statistics of empty tables make foreign-key checks scan.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from db.pool import SCHEMA, Connection

DIRECTORY = Path(__file__).resolve().parent.parent / "migrations"
LOCK = 0x63686169_72746D65
FILE_NAME = re.compile(r"(\d{14})_\w+\.sql")
UP = re.compile(r"^-- migrate:up[ \t]*$\n(.*?)(?=^-- migrate:down|\Z)", re.MULTILINE | re.DOTALL)


LEDGER = f"{SCHEMA}.schema_migrations"


class MigrationRefused(Exception):
    """The database was migrated from different files; the message says what to do."""


@dataclass(frozen=True)
class Migration:
    version: str
    up: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.up.encode()).hexdigest()


def read(directory: Path = DIRECTORY) -> list[Migration]:
    """The migrations of a directory, oldest first."""
    return [_parse(path) for path in sorted(directory.glob("*.sql"))]


async def migrate(dsn: str, directory: Path = DIRECTORY) -> list[str]:
    """Applies what is missing, each file in a transaction of its own; returns those versions.

    Two that run at once wait for each other. Raises MigrationRefused before it applies anything.
    """
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await connection.execute(f"set search_path = {SCHEMA}, pg_temp")
        migrations = read(directory)
        await _create_ledger(connection)
        missing = await _missing(connection, migrations)
        for migration in missing:
            await _apply(connection, migration)
        return [migration.version for migration in missing]
    finally:
        await connection.close(timeout=5)


async def pending(connection: Connection, directory: Path = DIRECTORY) -> list[str]:
    """The versions in `directory` that are still to be applied; empty if the schema
    is up to date.
    """
    return await unapplied(connection, read(directory))


async def unapplied(connection: Connection, known: Sequence[Migration]) -> list[str]:
    """The versions among `known` that are still to be applied."""
    applied: set[str] = set()
    if await connection.fetchval("select to_regclass($1)", LEDGER) is not None:
        rows = await connection.fetch(f"select version from {LEDGER}")  # noqa: S608 - ours
        applied = {row["version"] for row in rows}
    return [m.version for m in known if m.version not in applied]


async def _create_ledger(connection: Connection) -> None:
    if await connection.fetchval("select to_regnamespace($1)", SCHEMA) is None:
        await connection.execute(f"create schema {SCHEMA}")
    await connection.execute(
        f"create table if not exists {LEDGER} (version text primary key);"
        f"alter table {LEDGER} add column if not exists checksum text"
    )


async def _missing(connection: Connection, migrations: list[Migration]) -> list[Migration]:
    rows = await connection.fetch(f"select version, checksum from {LEDGER}")  # noqa: S608 - ours
    applied = {row["version"]: row["checksum"] for row in rows}
    for migration in migrations:
        if applied.get(migration.version) not in (None, migration.checksum):
            raise MigrationRefused(
                f"migration {migration.version} was edited after it had been applied"
            )
    return [m for m in migrations if m.version not in applied]


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.up)
        await connection.execute(
            f"insert into {LEDGER} (version, checksum) values ($1, $2)",  # noqa: S608 - ours
            migration.version,
            migration.checksum,
        )


def _parse(path: Path) -> Migration:
    name, text = FILE_NAME.fullmatch(path.name), path.read_text()
    up = UP.search(text)
    if name is None or up is None:
        raise ValueError(
            f"{path.name}: expected YYYYMMDDHHMMSS_name.sql with a line `-- migrate:up`"
        )
    return Migration(name.group(1), up.group(1))
