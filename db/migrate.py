"""Migrations in dbmate's format: `migrations/YYYYMMDDHHMMSS_name.sql`, `-- migrate:up` and `:down`.

`dbmate` can be used on the same database with DBMATE_MIGRATIONS_TABLE=chairtime.schema_migrations:
it keeps the same table, whose column `checksum` is ours.

A file with `-- migrate:up transaction:false` runs outside a transaction, for
`create index concurrently`. It holds one statement, which names its schema.
Nothing here runs ANALYZE: statistics of empty tables make foreign-key checks scan.
"""

import asyncio
import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from db.pool import SCHEMA, Connection

DIRECTORY = Path(__file__).resolve().parent.parent / "migrations"
LOCK = 0x63686169_72746D65
FILE_NAME = re.compile(r"(\d{14})_\w+\.sql")
UP = re.compile(r"^-- migrate:up(?P<alone>[ \t]+transaction:false)?[ \t]*$\n", re.MULTILINE)
DOWN = re.compile(r"^-- migrate:down", re.MULTILINE)
LOCK_TIMEOUT = "5s"
"""How long a statement outside a transaction waits for a lock; other files set their own."""

INVALID_INDEXES = f"""
    select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
     where not i.indisvalid and c.relnamespace = to_regnamespace('{SCHEMA}')
"""  # noqa: S608 - a constant of ours

LEDGER = f"{SCHEMA}.schema_migrations"


class MigrationRefused(Exception):
    """The database was migrated from different files; the message says what to do."""


class MigrationUnfinished(Exception):
    """A migration without a transaction failed, or left an invalid index; the message says what
    to do.
    """


@dataclass(frozen=True)
class Migration:
    version: str
    up: str
    in_transaction: bool = True

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.up.encode()).hexdigest()


def read(directory: Path = DIRECTORY) -> list[Migration]:
    """The migrations of a directory, oldest first. Raises ValueError where a file is none, or two
    have the same version.
    """
    migrations = [_parse(path) for path in sorted(directory.glob("*.sql"))]
    for one, next in itertools.pairwise(migrations):
        if one.version == next.version:
            raise ValueError(f"two migrations have the version {one.version}: rename one of them")
    return migrations


async def migrate(dsn: str, directory: Path = DIRECTORY) -> list[str]:
    """Applies what is missing, each file in a transaction of its own unless it says
    `transaction:false`; returns those versions.

    Two that run at once wait for each other. Raises MigrationRefused before it applies anything,
    MigrationUnfinished if a file without a transaction fails.
    """
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await _lock(connection)
        await connection.execute(f"set search_path = {SCHEMA}, pg_temp")
        await connection.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        migrations = read(directory)
        await _create_ledger(connection)
        missing = await _missing(connection, migrations)
        for migration in missing:
            await _apply(connection, migration)
        await _grant_roles(connection)
        return [migration.version for migration in missing]
    finally:
        await connection.close(timeout=5)


async def _grant_roles(connection: Connection) -> None:
    """Grants their rights to roles that were created since the last migration (roles.sql), and
    opens new tables to them, each in a transaction of its own.
    """
    if await connection.fetchval(f"select to_regprocedure('{SCHEMA}.open_next_table()')"):
        await connection.execute("select grant_roles()")
        while await connection.fetchval("select open_next_table()"):
            pass


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


async def _lock(connection: Connection) -> None:
    """Waits by polling: a waiting query would keep a snapshot, which `create index concurrently` in
    the process that has the lock would wait for.
    """
    sql = "select pg_try_advisory_lock($1)"
    while not await connection.fetchval(sql, LOCK):  # noqa: ASYNC110 - held by another process
        await asyncio.sleep(0.1)


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
    if not migration.in_transaction:
        await _apply_alone(connection, migration)
        await _record(connection, migration)
        return
    async with connection.transaction():
        await connection.execute(migration.up)
        await _record(connection, migration)


async def _apply_alone(connection: Connection, migration: Migration) -> None:
    """Runs the one statement of a file outside a transaction. Raises MigrationUnfinished if it
    fails, or if any index is invalid afterwards: `if not exists` would never rebuild it.
    """
    failure = None
    try:
        await connection.execute(migration.up)
    except asyncpg.PostgresError as error:
        failure = error
    broken = [row[0] for row in await connection.fetch(INVALID_INDEXES)]
    if failure is None and not broken:
        return
    todo = "".join(f"run `drop index concurrently {SCHEMA}.{name}`, then " for name in broken)
    raise MigrationUnfinished(
        f"migration {migration.version} runs without a transaction and is not finished:"
        f" {failure or 'an index is invalid'}. It is not recorded as applied;"
        f" {todo}migrate again"
    ) from failure


async def _record(connection: Connection, migration: Migration) -> None:
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
    sql = DOWN.split(text[up.end() :], maxsplit=1)[0]
    return Migration(name.group(1), sql, in_transaction=up["alone"] is None)
