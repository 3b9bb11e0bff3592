from uuid import uuid4

import asyncpg
import pytest

from db import builtin_types
from db.pool import connect, create_pool
from tests.support import counting


@pytest.mark.parametrize("type", ["uuid[]", "int[]", "timestamptz[]"])
async def test_an_array_type_is_looked_up_once_per_process(dsn, type, monkeypatch):
    monkeypatch.setattr(builtin_types, "_found", {})
    lookups = counting(monkeypatch, asyncpg.Connection, "_introspect_types")
    for _ in range(2):
        connection = await connect(dsn, "test")
        assert await connection.fetchval(f"select array[null]::{type}") == [None]
        await connection.close()
    async with await create_pool(dsn, 1) as pool:
        assert await pool.fetchval(f"select array[null]::{type}") == [None]
    assert len(lookups) == 1


async def test_types_that_a_database_created_are_not_cached(dsn, monkeypatch):
    """Another database may give the same id to another type."""
    monkeypatch.setattr(builtin_types, "_found", {})
    async with await create_pool(dsn, 1) as pool:
        await pool.execute("create type public.seen as (ids uuid[], at timestamptz)")
        values = [uuid4()]
        row = await pool.fetchval("select row($1::uuid[], null)::public.seen", values)
        assert row["ids"] == values
    assert all(max(ids) < 10_000 for ids in builtin_types._found)
