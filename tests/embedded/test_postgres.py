"""The embedded Postgres survives what development does to it."""

import os
from pathlib import Path

import asyncpg
import psutil
import pytest

from embedded import ports, stack
from embedded.binaries import binaries
from embedded.postgres import DATABASE, SUPERUSER, USER, Postgres


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_what_was_committed_is_there_after_a_kill() -> None:
    with stack.postgres(settings={}) as postgres:
        await ask(postgres.dsn(), "create table kept (n int)")
        await ask(postgres.dsn(), "insert into kept values (7)")

        postgres.kill()
        postgres.start()

        assert await ask(postgres.dsn(), "select n from kept") == 7


async def test_a_lock_file_that_names_somebody_else_is_no_obstacle() -> None:
    with stack.postgres() as postgres:
        postgres.stop()
        lock = postgres.part.data / "postmaster.pid"
        lock.write_text(f"{os.getppid()}\n{postgres.part.data}\n")

        postgres.start()

        assert await ask(postgres.dsn(), "select 1") == 1


async def test_a_data_directory_that_was_never_finished_is_made_anew(directory: Path) -> None:
    unfinished = directory / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")

    with stack.postgres(data=directory) as postgres:
        assert await ask(postgres.dsn(), "select current_database()") == DATABASE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_root_does_not_run_it_as_root() -> None:
    with stack.postgres() as postgres:
        assert psutil.Process(postgres.process.pid).uids().real != 0


async def test_it_listens_on_the_loopback_interface_only_and_lives_in_utc() -> None:
    with stack.postgres() as postgres:
        assert await ask(postgres.superuser_dsn(), "show listen_addresses") == "127.0.0.1"
        assert await ask(postgres.superuser_dsn(), "show unix_socket_directories") == ""
        assert await ask(postgres.dsn(), "show timezone") == "UTC"
        assert await ask(postgres.dsn(), "show server_encoding") == "UTF8"


@pytest.mark.parametrize("user", [USER, SUPERUSER])
@pytest.mark.parametrize("password", [None, "", "chairtime", "postgres"])
async def test_other_users_of_this_machine_do_not_get_in(
    postgres: stack.RunningPostgres, user: str, password: str | None, tmp_path: Path
) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(
            host="127.0.0.1",
            port=postgres.part.port,
            user=user,
            password=password,
            passfile=tmp_path / "none",
            database="postgres",
        )


async def test_every_way_in_asks_for_a_password(postgres: stack.RunningPostgres) -> None:
    methods = "select array_agg(distinct auth_method) from pg_hba_file_rules"
    assert await ask(postgres.superuser_dsn(), methods) == ["scram-sha-256"]


def test_passwords_are_in_files_that_only_their_owner_reads(
    postgres: stack.RunningPostgres,
) -> None:
    passwords = set()
    for user in (USER, SUPERUSER):
        passfile = postgres.part.data / f"{user}.pgpass"
        assert passfile.stat().st_mode & 0o077 == 0
        password = passfile.read_text().strip().rpartition(":")[2]
        assert password not in postgres.part.dsn(user=user)
        passwords.add(password)
    assert len(passwords) == 2
    assert all(len(password) >= 32 for password in passwords)


REFUSED = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.FeatureNotSupportedError,  # no such extension
)


@pytest.mark.parametrize(
    "statement",
    [
        "copy (select 1) to program 'true'",
        "copy (select 1) to '/tmp/chairtime'",
        "select pg_read_file('/etc/passwd')",
        "select lo_import('/etc/passwd')",
        "create extension plpython3u",
        "alter system set archive_command = 'true'",
        "create role another superuser",
        "create database another",
        "set role postgres",
        "load '/tmp/library.so'",
    ],
)
async def test_the_application_runs_no_program_and_reads_no_file(
    postgres: stack.RunningPostgres, statement: str
) -> None:
    with pytest.raises(REFUSED):
        await ask(postgres.dsn(), statement)


async def test_the_application_is_no_superuser(postgres: stack.RunningPostgres) -> None:
    more = """
        select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls
               or exists (select from pg_auth_members where member = r.oid)
          from pg_roles r where rolname = current_user
    """
    assert await ask(postgres.dsn(), more) is False


def test_a_directory_made_by_another_postgres_is_refused_with_its_words(directory: Path) -> None:
    data = directory / "postgres"
    server = Postgres(data, ports.any_free())
    server.prepare()
    (data / "PG_VERSION").write_text("17\n")

    with pytest.raises(Exception, match="initialized by PostgreSQL version 17"):
        server.start(directory / "log")
    assert binaries().is_dir()
