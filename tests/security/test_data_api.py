"""Whoever has a Supabase project's public key is `anon` or `authenticated`: no row for them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import pytest

from db import demo, migrate, outbox
from db.pool import SCHEMA, connect
from embedded import stack

VISITORS = ("anon", "authenticated")

SUPABASE = """
    create role anon nologin noinherit;
    create role authenticated nologin noinherit;
    create role service_role nologin noinherit bypassrls;
    create role hosted login password 'hosted' createdb createrole bypassrls;
"""

IN_PUBLIC = """
    grant usage on schema public to anon, authenticated, service_role;
    alter default privileges for role hosted in schema public
        grant all on tables to anon, authenticated, service_role;
    alter default privileges for role hosted in schema public
        grant all on sequences to anon, authenticated, service_role;
    alter default privileges for role hosted in schema public
        grant all on functions to anon, authenticated, service_role;
"""
"""What a new Supabase project has."""

EVERYWHERE = """
    alter default privileges for role hosted grant all on schemas to anon, authenticated;
    alter default privileges for role hosted grant all on tables to anon, authenticated;
    alter default privileges for role hosted grant all on sequences to anon, authenticated;
    alter default privileges for role hosted grant all on functions to anon, authenticated;
"""
"""What somebody may have added who had trouble with rights."""

RELATIONS = """
    select c.oid::regclass::text from pg_class c
     where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1
"""


@pytest.fixture(scope="module")
def server() -> Iterator[stack.RunningPostgres]:
    with stack.postgres() as running:
        asyncio.run(_execute(running.superuser_dsn(), SUPABASE))
        yield running


@pytest.fixture(params=[IN_PUBLIC, IN_PUBLIC + EVERYWHERE], ids=["in public", "everywhere"])
async def hosted(server: stack.RunningPostgres, request) -> AsyncIterator[str]:
    """A database as Supabase gives it, with our tables, the demo data, and events in the log."""
    name = f"hosted_{uuid4().hex[:8]}"
    await _execute(server.superuser_dsn(), f"create database {name} owner hosted")
    await _execute(server.superuser_dsn(name), request.param)
    dsn = f"postgresql://hosted:hosted@127.0.0.1:{server.part.port}/{name}"
    await migrate.migrate(dsn)
    connection = await connect(dsn, "test")
    await demo.load(connection)
    while await outbox.relay(connection, 500):
        pass
    await connection.close()
    yield dsn
    await _execute(server.superuser_dsn(), f"drop database {name} with (force)")


@pytest.fixture
async def owner(hosted: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(hosted, "test")
    yield connection
    await connection.close()


@pytest.fixture(params=VISITORS)
async def visitor(server, hosted: str, request) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(server.superuser_dsn(hosted.rpartition("/")[2]), "test")
    await connection.execute(f"set role {request.param}")
    yield connection
    await connection.close()


async def test_visitors_read_and_write_no_table_view_or_sequence(owner, visitor) -> None:
    relations = [row[0] for row in await owner.fetch(RELATIONS, SCHEMA)]
    assert {"profiles", "appointments", "booking_terms", "schema_migrations"} <= set(relations)
    for name in relations:
        for statement in (f"select from {name}", f"delete from {name}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await visitor.execute(statement.replace(name, f"{SCHEMA}.{name}"))


async def test_visitors_call_no_function(owner, visitor) -> None:
    calls = await owner.fetch(
        """
        select format('%s.%I(%s)', $1::text, p.proname,
                      array_to_string(array_fill('null'::text, array[p.pronargs]), ', '))
          from pg_proc p
         where p.pronamespace = $1::regnamespace and p.prorettype <> 'trigger'::regtype
        """,
        SCHEMA,
    )
    assert len(calls) > 10
    for (call,) in calls:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await visitor.execute(f"select {call}")


async def test_nobody_but_the_owner_is_granted_anything(owner) -> None:
    granted = await owner.fetch(
        """
        with objects (name, owner, acl) as (
            select nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner))
              from pg_namespace where oid = $1::regnamespace
             union all
            select relname, relowner,
                   coalesce(relacl, acldefault(
                       case relkind when 'S' then 's'::"char" else 'r' end, relowner))
              from pg_class
             where relnamespace = $1::regnamespace and relkind not in ('i', 'I')
             union all
            select proname, proowner, coalesce(proacl, acldefault('f', proowner))
              from pg_proc where pronamespace = $1::regnamespace
        )
        select o.name, a.grantee::regrole, a.privilege_type
          from objects o, aclexplode(o.acl) a where a.grantee <> o.owner
        """,
        SCHEMA,
    )
    assert granted == []


async def test_every_table_has_row_level_security_and_every_view_its_readers_rights(owner) -> None:
    open_ones = await owner.fetch(
        """
        select c.relname from pg_class c
         where c.relnamespace = $1::regnamespace
           and (c.relkind in ('r', 'p') and not c.relrowsecurity
                or c.relkind = 'v' and array_position(c.reloptions, 'security_invoker=true') is null
                or c.relkind in ('m', 'f'))
        """,
        SCHEMA,
    )
    assert open_ones == []
    assert (
        await owner.fetchval("select count(*) from pg_policies where schemaname = $1", SCHEMA) == 0
    )


async def test_who_is_granted_everything_by_mistake_still_reads_no_row(owner, visitor) -> None:
    await owner.execute(
        f"""
        grant usage on schema {SCHEMA} to anon, authenticated;
        grant all on all tables in schema {SCHEMA} to anon, authenticated;
        """
    )
    relations = [row[0] for row in await owner.fetch(RELATIONS, SCHEMA)]
    relations.remove("realtime_partitions")  # names of tables, from the catalogue
    relations.remove("calendar_days")  # every day, of no table
    assert await owner.fetchval("select count(*) from profiles") > 0
    for name in relations:
        assert await visitor.fetch(f"select * from {name}") == [], name


async def test_nothing_of_ours_is_anywhere_else(owner) -> None:
    elsewhere = await owner.fetch(
        """
        select relname from pg_class where relnamespace = 'public'::regnamespace
         union all
        select proname from pg_proc where pronamespace = 'public'::regnamespace
        """
    )
    assert elsewhere == []


async def test_functions_find_our_tables_whatever_the_caller_s_search_path_is(owner) -> None:
    unpinned = await owner.fetch(
        """
        select p.proname from pg_proc p join pg_language l on l.oid = p.prolang
         where p.pronamespace = $1::regnamespace
           and (l.lanname = 'plpgsql' or p.prosecdef or p.prorettype = 'trigger'::regtype)
           and not coalesce('search_path=chairtime, pg_temp' = any(p.proconfig), false)
        """,
        SCHEMA,
    )
    assert unpinned == []


async def test_triggers_work_for_who_writes_with_another_search_path(owner) -> None:
    await owner.execute("set search_path = public")
    columns = await owner.fetch(
        """
        select distinct on (c.oid) c.oid::regclass::text as name, quote_ident(a.attname) as attname
          from pg_class c join pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
          join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and a.attgenerated = '' and a.attidentity = ''
         where c.relnamespace = $1::regnamespace and not exists (
               select from pg_trigger r join pg_proc p on p.oid = r.tgfoid
                where r.tgrelid = c.oid and p.proname = 'refuse_change')  -- append-only
        """,
        SCHEMA,
    )
    assert {"chairtime.appointments", "chairtime.profiles"} <= {name for name, _ in columns}
    for name, column in columns:
        column = "version" if name.endswith(".appointments") else column
        change = "version + 1" if column == "version" else column
        await owner.execute(f"update {name} set {column} = {change}")


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
