"""The processes run as roles that own nothing, and may do only what they need."""

import asyncpg
import pytest

from db.pool import SCHEMA, connect
from tests.roles import LOGINS, dsn_of

ROLES = (*LOGINS, "chairtime_relay")
AUDIT = ("appointment_transitions", "profile_reads")

PRIVILEGES = """
    with acls (name, acl) as (
        select c.relname, c.relacl from pg_class c
         where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p')
         union all
        select c.relname || '.' || a.attname, a.attacl
          from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = $1::regnamespace
    )
    select g.grantee::regrole::text as role, acls.name, lower(g.privilege_type) as privilege
      from acls, aclexplode(acls.acl) g where g.grantee::regrole::text = any($2)
"""

FORBIDDEN = {
    "chairtime_api": {
        "realtime_events": {"insert", "update", "delete"},
        "realtime_epoch": {"update"},
        "outbox": {"update", "delete"},
        "workflow_inbox": {"delete"},
        "worker_heartbeats": {"insert", "update", "delete"},
    },
    "chairtime_worker": {
        "realtime_events": {"insert", "update", "delete"},
        "realtime_epoch": {"update"},
        "outbox": {"update", "delete"},
        "profiles": {"insert", "update", "delete"},
        "patient_grants": {"insert", "update", "delete"},
        "patient_links": {"insert", "update", "delete"},
        "logins": {"select", "insert", "update", "delete"},
        "profile_reads": {"select", "insert"},
        "clinics": {"insert", "update", "delete"},
        "weekly_hours": {"insert", "update", "delete"},
        "schedule_exceptions": {"insert", "update", "delete"},
        "stream_tickets": {"select", "insert", "update", "delete"},
    },
    "chairtime_relay": {
        "appointments": {"insert", "update", "delete"},
        "slot_reservations": {"insert", "update", "delete"},
        "profiles": {"insert", "update", "delete"},
        "appointment_transitions": {"select", "insert"},
        "realtime_events": {"update", "delete"},
    },
}
"""What a role must not be able to do with a whole table, beside EVERYWHERE and NEVER_DELETED."""

EVERYWHERE = {"truncate", "references", "trigger"}
NEVER_DELETED = ("appointments", "slot_reservations", "profiles", *AUDIT)


async def as_role(role: str, dsn: str) -> asyncpg.Connection:
    """A connection with this role's rights; the relay's by the API's login, as in the API."""
    if role == "chairtime":
        return await connect(dsn, "test")
    login = "chairtime_api" if role == "chairtime_relay" else role
    connection = await connect(dsn_of(login, dsn), "test")
    await connection.execute(f"set role {role}")
    return connection


async def privileges(pool) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = {role: {} for role in ROLES}
    for row in await pool.fetch(PRIVILEGES, SCHEMA, list(ROLES)):
        found[row["role"]].setdefault(row["name"], set()).add(row["privilege"])
    return found


async def test_roles_have_no_power_over_the_server(pool):
    rows = await pool.fetch(
        """
        select r.rolname, r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication
               or r.rolbypassrls as power, r.rolinherit as inherits,
               array(select m.roleid::regrole::text from pg_auth_members m where m.member = r.oid)
               as memberships
          from pg_roles r where r.rolname = any($1)
        """,
        [*ROLES, "chairtime"],
    )
    assert {row["rolname"] for row in rows} == {*ROLES, "chairtime"}
    assert [row["rolname"] for row in rows if row["power"]] == []
    memberships = {row["rolname"]: row["memberships"] for row in rows}
    assert memberships.pop("chairtime_api") == ["chairtime_relay"]
    assert set(map(tuple, memberships.values())) == {()}
    assert not any(row["inherits"] for row in rows if row["rolname"] in LOGINS)


async def test_roles_own_nothing(pool):
    owned = await pool.fetch(
        """
        select relname as name from pg_class where relowner = any($1::text[]::regrole[])
         union all select proname from pg_proc where proowner = any($1::text[]::regrole[])
         union all select nspname from pg_namespace where nspowner = any($1::text[]::regrole[])
         union all select datname from pg_database where datdba = any($1::text[]::regrole[])
        """,
        list(ROLES),
    )
    assert owned == []


async def test_grants_are_as_listed_and_no_wider_than_needed(pool):
    found = await privileges(pool)
    for role in ROLES:
        assert found[role], role
        for name, granted in found[role].items():
            assert granted & EVERYWHERE == set(), (role, name)
            if name in NEVER_DELETED:
                assert "delete" not in granted, (role, name)
            assert granted & FORBIDDEN[role].get(name, set()) == set(), (role, name)
        for name in AUDIT:
            assert found[role].get(name, set()) <= {"select", "insert"}
            assert not any(other.startswith(f"{name}.") for other in found[role])


async def test_every_table_is_listed(pool):
    """Else the roles cannot use a new table, which its author would not notice as the owner."""
    unlisted = await pool.fetch(
        """
        select c.relname from pg_class c
         where c.relnamespace = $1::regnamespace
           and c.relkind in ('r', 'p') and not c.relispartition
           and c.relname <> 'role_rights'
           and c.relname not in (select r.relation from role_rights r)
        """,
        SCHEMA,
    )
    assert unlisted == []


@pytest.mark.parametrize("role", ["chairtime", *ROLES])
@pytest.mark.parametrize("table", AUDIT)
async def test_audit_trail_cannot_be_changed(dsn, role, table):
    """Not by the migrator, who owns it, either."""
    connection = await as_role(role, dsn)
    try:
        column = {"appointment_transitions": "actor", "profile_reads": "reader"}[table]
        for statement in (
            f"update {table} set {column} = 'nobody'",
            f"update {table} set {column} = 'nobody' where false",
            f"delete from {table}",
            f"truncate {table} cascade",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        if role != "chairtime":
            for statement in (
                f"alter table {table} disable trigger all",
                f"drop trigger {table}_append_only on {table}",
                f"drop table {table} cascade",
                "create or replace function refuse_change() returns trigger language plpgsql"
                " as 'begin return null; end'",
                "set session_replication_role = replica",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ROLES)
async def test_roles_create_and_change_no_object(dsn, role):
    connection = await as_role(role, dsn)
    try:
        for statement in (
            "create table chairtime.mine (id int)",
            "create table public.mine (id int)",
            "create schema mine",
            "create role mine",
            "alter table appointments add column mine int",
            "drop table appointments cascade",
            "alter table profiles owner to current_user",
            "update role_rights set worker = 'delete'",
            "select grant_rights('chairtime_api', 'relay')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("role", LOGINS)
async def test_only_the_relay_writes_the_log(dsn, role):
    connection = await as_role(role, dsn)
    try:
        for statement in (
            "select relay_batch(10)",
            "select realtime_roll(p_ahead => 10, p_keep => '0')",
            "update realtime_epoch set head = 1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_only_the_api_becomes_the_relay(dsn):
    api, worker = [await connect(dsn_of(login, dsn), "test") for login in LOGINS]
    try:
        await api.execute("set role chairtime_relay")
        assert await api.fetchval("select relay_batch(10)") is not None
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.execute("set role chairtime_relay")
        for connection in (api, worker):
            for other in ("chairtime", "postgres"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(f"set role {other}")
    finally:
        await api.close()
        await worker.close()
