from urllib.parse import urlsplit

from db.pool import close, create_pool, use
from tests.faults.link import Link


async def test_pool_closes_while_postgres_does_not_answer(dsn):
    port = urlsplit(dsn).port
    async with Link(port) as link:
        pool = await create_pool(dsn.replace(f":{port}/", f":{link.port}/"), 2)
        async with use(pool) as connection:
            await connection.execute("select 1")
        link.black_hole()
        await close(pool)
