"""Migrations are applied once, whole, in order, and stay as they were."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from db.migrate import DIRECTORY, MigrationRefused, MigrationUnfinished, migrate, pending, read
from embedded import stack


@pytest.fixture
async def empty(postgres: stack.RunningPostgres) -> AsyncIterator[str]:
    """A database without a schema."""
    name = f"empty_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres.superuser_dsn())
    await connection.execute(f"create database {name} owner chairtime")
    yield postgres.dsn(name)
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write(tmp_path, "20260101000000_one", "create table one (n int);")
    write(tmp_path, "20260102000000_two", "create table two (n int); insert into one values (2);")
    return tmp_path


def write(directory: Path, name: str, up: str) -> None:
    text = f"-- migrate:up\n{up}\n-- migrate:down\ndrop table nothing_of_this_runs;\n"
    (directory / f"{name}.sql").write_text(text)


async def applied(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "select version from chairtime.schema_migrations order by version"
        )
        return [row["version"] for row in rows]
    finally:
        await connection.close()


async def test_the_second_time_nothing_is_left_to_do(empty: str, files: Path) -> None:
    assert await migrate(empty, files) == ["20260101000000", "20260102000000"]
    assert await migrate(empty, files) == []


async def test_two_files_with_one_version_are_refused(empty: str, files: Path) -> None:
    write(files, "20260102000000_three", "create table three (n int);")
    with pytest.raises(ValueError, match="20260102000000"):
        await migrate(empty, files)


async def test_ten_at_once_apply_each_file_once(empty: str, files: Path) -> None:
    results = await asyncio.gather(*(migrate(empty, files) for _ in range(10)))

    assert sorted(v for versions in results for v in versions) == [
        "20260101000000",
        "20260102000000",
    ]


async def test_a_file_that_fails_leaves_nothing_and_stops_those_after_it(
    empty: str, files: Path
) -> None:
    write(files, "20260103000000_bad", "create table half (n int); select 1/0;")
    write(files, "20260104000000_after", "create table after (n int);")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty, files)

    assert await applied(empty) == ["20260101000000", "20260102000000"]
    write(files, "20260103000000_bad", "create table half (n int);")
    assert await migrate(empty, files) == ["20260103000000", "20260104000000"]


async def test_an_edited_file_is_refused_before_anything_is_applied(
    empty: str, files: Path
) -> None:
    await migrate(empty, files)
    write(files, "20260101000000_one", "create table one (n bigint);")
    write(files, "20260103000000_three", "create table three (n int);")

    with pytest.raises(MigrationRefused, match="20260101000000"):
        await migrate(empty, files)

    assert "20260103000000" not in await applied(empty)


async def test_what_is_pending_is_known_before_the_first_run_and_after(
    empty: str, files: Path
) -> None:
    connection = await asyncpg.connect(empty)
    try:
        assert await pending(connection, files) == ["20260101000000", "20260102000000"]
        await migrate(empty, files)
        assert await pending(connection, files) == []
    finally:
        await connection.close()


async def test_a_database_that_dbmate_migrated_is_taken_over(empty: str, files: Path) -> None:
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute(
            "create schema chairtime;"
            "create table chairtime.schema_migrations (version varchar primary key);"
            "insert into chairtime.schema_migrations values ('20260101000000');"
            "create table chairtime.one (n int)"
        )
    finally:
        await connection.close()

    assert await migrate(empty, files) == ["20260102000000"]


async def test_the_ledger_of_another_program_in_public_is_left_alone(
    empty: str, files: Path
) -> None:
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute(
            "create table public.schema_migrations (version text primary key);"
            "insert into public.schema_migrations values ('1999')"
        )
        assert await migrate(empty, files) == ["20260101000000", "20260102000000"]
        assert await connection.fetchval("select version from public.schema_migrations") == "1999"
    finally:
        await connection.close()


CONCURRENTLY = "create unique index concurrently ones on chairtime.one (n);"


def write_alone(directory: Path, name: str, up: str) -> None:
    (directory / f"{name}.sql").write_text(f"-- migrate:up transaction:false\n{up}\n")


async def test_an_index_is_created_concurrently_and_its_migration_recorded(
    empty: str, files: Path
) -> None:
    write_alone(files, "20260103000000_index", CONCURRENTLY)
    results = await asyncio.gather(*(migrate(empty, files) for _ in range(5)))

    assert sum("20260103000000" in versions for versions in results) == 1
    connection = await asyncpg.connect(empty)
    try:
        assert await connection.fetchval("select to_regclass('chairtime.ones')") is not None
    finally:
        await connection.close()
    assert "20260103000000" in await applied(empty)


async def test_a_failed_concurrent_index_is_not_recorded_and_its_rest_is_named(
    empty: str, files: Path
) -> None:
    await migrate(empty, files)
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute("insert into chairtime.one values (2)")  # there are two of it now
        write_alone(files, "20260103000000_index", CONCURRENTLY)
        write(files, "20260104000000_after", "create table after (n int);")
        with pytest.raises(MigrationUnfinished, match=r"drop index concurrently chairtime\.ones"):
            await migrate(empty, files)
        assert await applied(empty) == ["20260101000000", "20260102000000"]

        lenient = CONCURRENTLY.replace("concurrently", "concurrently if not exists")
        write_alone(files, "20260103000000_index", lenient)
        with pytest.raises(MigrationUnfinished, match="an index is invalid"):
            await migrate(empty, files)
        assert await applied(empty) == ["20260101000000", "20260102000000"]

        await connection.execute("drop index concurrently chairtime.ones")
        await connection.execute("delete from chairtime.one")
        assert await migrate(empty, files) == ["20260103000000", "20260104000000"]
    finally:
        await connection.close()


async def test_a_migration_gives_up_a_lock_that_it_does_not_get(
    empty: str, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.migrate.LOCK_TIMEOUT", "50ms")
    await migrate(empty, files)
    connection = await asyncpg.connect(empty)
    try:
        async with connection.transaction():
            await connection.execute("select from chairtime.one, chairtime.two")
            write(files, "20260103000000_locked", "drop table one;")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await migrate(empty, files)
            (files / "20260103000000_locked.sql").unlink()
            write_alone(files, "20260104000000_alone", "alter table chairtime.two add m int;")
            with pytest.raises(MigrationUnfinished, match="lock timeout"):
                await migrate(empty, files)
    finally:
        await connection.close()
    assert await migrate(empty, files) == ["20260104000000"]


def test_a_file_without_a_version_or_without_an_up_part_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.sql").write_text("-- migrate:up\n")
    with pytest.raises(ValueError, match=r"one\.sql"):
        read(tmp_path)


async def test_our_own_files_apply_to_an_empty_database(empty: str) -> None:
    assert await migrate(empty) == [migration.version for migration in read()]


@pytest.mark.parametrize("path", sorted(DIRECTORY.glob("*.sql")), ids=lambda path: path.stem)
def test_each_file_bounds_its_waits_for_locks_and_grants_nobody_rights(path: Path) -> None:
    if "transaction:false" in path.read_text():
        pytest.skip("one statement outside a transaction: the runner bounds its waits")
    up, down = path.read_text().split("-- migrate:up\n")[1].split("-- migrate:down\n")
    settings = "set local search_path = chairtime, pg_temp;\nset local lock_timeout = '5s';\n"
    assert up.removeprefix("create schema if not exists chairtime;\n").startswith(settings)
    assert down.startswith(settings)
    assert up.rstrip().endswith("select secure_schema();")


def test_each_object_is_defined_in_one_file() -> None:
    text = "\n".join(path.read_text() for path in sorted(DIRECTORY.glob("*.sql")))
    ups = re.sub(r"^-- migrate:down$.*?(?=^-- migrate:up$|\Z)", "", text, flags=re.M | re.S)
    altered = r"create or replace|alter table \w+ +(?:add|drop|alter)"
    released = (DIRECTORY / "released.sha256").read_text()
    for path in DIRECTORY.glob("*.sql"):
        if path.name in released:  # later files may alter what was released
            assert re.findall(altered, path.read_text().split("-- migrate:down\n")[0]) == []
    names = re.findall(r"^create (?:unlogged )?(?:table|function|view|type) (\w+)", ups, re.M)
    assert len(names) == len(set(names)) > 50


async def test_files_need_no_search_path_and_can_be_undone(empty: str) -> None:
    """As dbmate applies them: it sets nothing on its connection."""
    files = sorted(DIRECTORY.glob("*.sql"))
    ups, downs = zip(*(path.read_text().split("-- migrate:down\n") for path in files), strict=True)
    ours = """
        select array(select relname::text from pg_class where relnamespace = to_regnamespace($1)
                      union all
                     select proname from pg_proc where pronamespace = to_regnamespace($1))
    """
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute("set search_path = ''")
        for statements in (*ups, *reversed(downs)):
            if "concurrently" in statements:
                await connection.execute(statements)
            else:
                async with connection.transaction():
                    await connection.execute(statements)
            assert await connection.fetchval(ours, "public") == []
        assert await connection.fetchval(ours, "chairtime") == []
    finally:
        await connection.close()
