"""The embedded Postgres survives what development does to it."""

import os
import subprocess
from pathlib import Path

import asyncpg
import pytest

from embedded import ports, stack
from embedded.postgres import DATABASE, Postgres, binaries


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
        shown = subprocess.run(
            ["ps", "-o", "uid=", "-p", str(postgres.process.pid)], capture_output=True, text=True
        )
        assert int(shown.stdout) != 0


async def test_it_listens_on_the_loopback_interface_only_and_lives_in_utc() -> None:
    with stack.postgres() as postgres:
        assert await ask(postgres.dsn(), "show listen_addresses") == "127.0.0.1"
        assert await ask(postgres.dsn(), "show unix_socket_directories") == ""
        assert await ask(postgres.dsn(), "show timezone") == "UTC"
        assert await ask(postgres.dsn(), "show server_encoding") == "UTF8"


def test_a_directory_made_by_another_postgres_is_refused_with_its_words(directory: Path) -> None:
    data = directory / "postgres"
    server = Postgres(data, ports.any_free())
    server.prepare()
    (data / "PG_VERSION").write_text("17\n")

    with pytest.raises(Exception, match="initialized by PostgreSQL version 17"):
        server.start(directory / "log")
    assert binaries().is_dir()
