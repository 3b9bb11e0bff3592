"""An outage is 503; a bug is 500, with its traceback in the log under the request id."""

import asyncio
import logging
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest

from api.app import create_app
from db.pool import Pool, create_pool, use
from embedded import stack

SECRET = "Ana Torres, +49 30 1234567"
"""What the text of an error may carry."""

BUGS = [
    OSError(SECRET),
    FileNotFoundError(2, SECRET),
    ConnectionResetError(SECRET),
    TimeoutError(SECRET),
    KeyError(SECRET),
    ValueError(SECRET),
    asyncpg.InterfaceError(SECRET),
    asyncpg.InternalClientError(SECRET),
    asyncpg.UniqueViolationError(SECRET),
    asyncpg.PostgresConnectionError(SECRET),
]
OUTAGE_STATES = ["40001", "40P01", "53100", "53200", "53300", "57014", "57P01", "57P03", "58030"]
OUTAGE_STATES += ["08006", "25006", "55P03", "25P03"]
BUG_STATES = ["22012", "23505", "23514", "42501", "42601", "42P01", "P0001", "XX000"]


@pytest.fixture
async def app(settings, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def broken(app) -> AsyncIterator:
    """`await broken(fails)`: the answer of a route that fails like that."""
    transport = httpx2.ASGITransport(app)  # whatever gets past the app fails the test
    async with httpx2.AsyncClient(transport=transport, base_url="http://chairtime") as client:

        async def ask(fails) -> httpx2.Response:
            app.add_api_route("/api/broken", fails)
            app.router.routes.insert(0, app.router.routes.pop())
            return await client.get("/api/broken")

        yield ask


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: type(bug).__name__)
async def test_any_unexpected_exception_is_500(broken, caplog, bug):
    async def fails():
        raise bug

    assert_bug(await broken(fails), caplog, type(bug).__name__)


@pytest.mark.parametrize("bug", BUGS[:-1], ids=lambda bug: type(bug).__name__)
async def test_bug_while_using_a_connection_is_500(broken, pool, caplog, bug):
    """It is one only where Postgres is the one that is away."""

    async def fails():
        async with use(pool):
            raise bug

    assert_bug(await broken(fails), caplog, type(bug).__name__)


async def misused_twice(pool: Pool) -> None:
    async with use(pool) as connection:
        await asyncio.gather(*(connection.execute("select pg_sleep(0.1)") for _ in range(2)))


async def used_after_its_release(pool: Pool) -> None:
    async with use(pool) as connection:
        pass
    await connection.execute("select 1")


async def pool_closed(pool: Pool) -> None:
    await pool.close()
    async with use(pool):
        pass


async def wrong_argument(pool: Pool) -> None:
    async with use(pool) as connection:
        await connection.execute("select $1::int", SECRET)


@pytest.mark.parametrize(
    "misuse", [misused_twice, used_after_its_release, pool_closed, wrong_argument]
)
async def test_misuse_of_the_driver_is_500(broken, pool, caplog, misuse):
    async def fails():
        await misuse(pool)

    assert_bug(await broken(fails), caplog, misuse.__name__)


@pytest.mark.parametrize("state", OUTAGE_STATES)
async def test_postgres_errors_of_an_outage_are_503(broken, pool, caplog, state):
    assert_outage(await broken(raising(pool, state)), caplog)


@pytest.mark.parametrize("state", BUG_STATES)
async def test_postgres_errors_of_a_bug_are_500(broken, pool, caplog, state):
    assert_bug(await broken(raising(pool, state)), caplog, "fails")


async def slow(pool: Pool) -> None:
    async with use(pool) as connection:
        await connection.execute("select pg_sleep(20)")


async def slow_without_a_limit_of_the_server(pool: Pool) -> None:
    async with use(pool) as connection:
        await connection.execute("set statement_timeout = 0")
        await connection.execute("select pg_sleep(20)")


async def cut_off(pool: Pool) -> None:
    async with use(pool) as connection:
        await connection.execute("select pg_terminate_backend(pg_backend_pid())")


async def cut_off_before(pool: Pool) -> None:
    async with use(pool) as connection:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
        await connection.execute("select 1")


async def crowded(pool: Pool) -> None:
    taken = [await pool.acquire() for _ in range(pool.get_max_size())]
    try:
        async with use(pool):
            pass
    finally:
        for each in taken:
            await pool.release(each)


@pytest.mark.real_timeouts
@pytest.mark.parametrize(
    "outage", [slow, slow_without_a_limit_of_the_server, cut_off, cut_off_before, crowded]
)
async def test_a_database_that_does_not_answer_in_time_is_503(broken, dsn, caplog, outage):
    async with await create_pool(dsn, 2) as few:

        async def fails():
            await outage(few)

        assert_outage(await broken(fails), caplog)


@pytest.mark.real_timeouts
async def test_a_postgres_that_is_gone_is_503(broken, caplog):
    with stack.postgres({}) as server:
        pool = await create_pool(server.dsn(), 2)
        async with use(pool) as connection:
            await connection.execute("select 1")
        await asyncio.to_thread(server.kill)

        async def fails():
            async with use(pool) as connection:
                await connection.execute("select 1")

        for _ in range(2):  # on the connection that it had, and on a new one
            assert_outage(await broken(fails), caplog)
        pool.terminate()


def raising(pool: Pool, state: str):
    async def fails():
        async with use(pool) as connection:
            await connection.execute(
                f"do $$ begin raise exception '{SECRET}' using errcode = '{state}'; end $$"
            )

    return fails


def assert_bug(answer: httpx2.Response, caplog, name: str) -> None:
    """`name` is in the traceback."""
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    [logged] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert answer.json()["request_id"] in logged.getMessage()
    assert "test_failures.py" in logged.getMessage()
    assert name in logged.getMessage()
    assert SECRET not in caplog.text
    assert SECRET not in answer.text


def assert_outage(answer: httpx2.Response, caplog) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert SECRET not in caplog.text
    assert not [record for record in caplog.records if record.levelno == logging.ERROR]
