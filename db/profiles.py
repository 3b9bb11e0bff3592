"""Profiles in Postgres: listing, visibility, creation and changes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, assert_never
from uuid import UUID

import asyncpg

from db import staff
from db.patients import OF_DESK, OWN_PATIENT
from db.pool import Connection
from domain.actors import Actor, Role
from domain.names import indexed
from domain.people import PERSONAL, Profile

COLUMNS = """
    p.id, p.role, p.full_name, p.active, p.version, p.created_at, p.updated_at, p.email, p.phone,
    p.time_zone, p.locale, p.created_by, p.erased_at, d.clinic_id, d.specialty, d.bio, d.bookable,
    (select array_agg(s.clinic_id order by s.clinic_id) from staff_clinics s
      where s.profile_id = p.id) as clinic_ids, nullif(p.invited, false) as invited
"""
FROM = "from profiles p left join dentists d on d.profile_id = p.id"

GRANT = "select from patient_grants g where g.patient_id = p.id and g.agent_id = $1"

LAST_ADMIN = "CT010"
"""SQLSTATE raised by the trigger `keep_an_admin`."""
SEARCHED = ("full_name", "email", "phone")
"""Text fields covered by the search."""

OF_PROFILE = PERSONAL | {"role", "active"}
OF_DENTIST = frozenset({"specialty", "bio", "bookable"})


class LastAdmin(Exception):
    """The change would leave no active admin."""


async def get(connection: Connection, id: UUID, viewer: Actor) -> Profile | None:
    """One profile, or null if it does not exist or is not visible: the caller cannot tell which."""
    row = await connection.fetchrow(
        f"select {COLUMNS} {FROM} where {_visible_to(viewer)} and p.id = $2", viewer.id, id
    )
    return _profile(row) if row else None


async def lock(connection: Connection, id: UUID) -> None:
    """Locks this profile against changes and erasure until the end of the transaction."""
    await connection.execute("select from profiles where id = $1 for no key update", id)


async def page(
    connection: Connection,
    viewer: Actor,
    role: Role | None,
    words: list[str],
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[Profile]:
    """The visible profiles, by name, after a cursor of (full_name, id). Each of `words`
    (domain.names.sought) must be a prefix of a word of the name, e-mail address or phone number.
    """
    search = "p.search @@ $3::text::tsquery" if words else "$3::text is null"
    rows = await connection.fetch(
        f"""
        select {COLUMNS} {FROM}
         where {_visible_to(viewer)} and ($2::text is null or p.role = $2) and {search}
           and ($4::text is null or (p.full_name, p.id) > ($4, $5::uuid))
         order by p.full_name, p.id limit $6
        """,
        viewer.id,
        role,
        " & ".join(f"'{word}':*" for word in words) or None,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_profile(row) for row in rows]


async def create(
    connection: Connection, id: UUID, fields: Mapping[str, Any], maker: Actor | None
) -> bool:
    """Creates a profile from `fields`, with the rows its role needs: a resource for patients and
    dentists, and a `dentists` row. False if the id is taken. ForeignKeyViolationError: no such
    clinic.
    """
    async with connection.transaction():
        made = await connection.fetchval(
            """
            insert into profiles
                   (id, role, full_name, email, phone, time_zone, locale, active,
                    created_by, created_as, search, invited)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, array_to_tsvector($11), $12)
            on conflict (id) do nothing returning id
            """,
            id,
            fields["role"],
            fields["full_name"],
            *(fields.get(name) for name in ("email", "phone", "time_zone", "locale")),
            fields.get("active", True),
            maker.id if maker else None,
            str(maker.role) if maker else None,
            indexed(fields.get(name) for name in SEARCHED),
            fields.get("invited", False),
        )
        if made and fields["role"] in (Role.PATIENT, Role.DENTIST):
            await _create_resource(connection, id, fields)
        if made and fields["role"] is Role.DESK:
            await staff.set_clinics(connection, id, Role.DESK, fields["clinic_ids"])
    return made is not None


async def update(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> None:
    """Sets `fields` of a profile. A change of role creates the rows that the new role needs, and
    deletes grants of the old role. Raises UniqueViolationError if another role has the resource,
    and LastAdmin.
    """
    async with keeping_an_admin(), connection.transaction():
        if "clinic_ids" in fields or "role" in fields:
            role = fields.get("role", Role.DESK)
            await staff.set_clinics(connection, id, role, fields.get("clinic_ids", ()))
        sets, values = _assignments(fields, OF_PROFILE, first=2)
        if fields.keys() & set(SEARCHED):
            sets.append(f"search = array_to_tsvector(${len(values) + 2})")
            values.append(await _words(connection, id, fields))
        sql = "version = version + 1, updated_at = clock_timestamp()"
        await connection.execute(
            f"update profiles set {', '.join([*sets, sql])} where id = $1",  # noqa: S608 - our names
            id,
            *values,
        )
        if "role" in fields:
            await _change_role(connection, id, fields)
        sets, values = _assignments(fields, OF_DENTIST, first=2)
        if sets:
            sql = f"update dentists set {', '.join(sets)} where profile_id = $1"  # noqa: S608
            await connection.execute(sql, id, *values)


@asynccontextmanager
async def keeping_an_admin() -> AsyncIterator[None]:
    """Raises LastAdmin if the database refuses a change because no active admin would be left."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if error.sqlstate == LAST_ADMIN:
            raise LastAdmin from None
        raise


def _visible_to(viewer: Actor) -> str:
    """SQL condition: whether the caller $1 may see the profile `p`, by their current role. Admins,
    the clinic and the system see all. Others see themselves, and patients whom they created in this
    role.
    """
    made = f"p.created_by = $1 and p.created_as = '{viewer.role}'"
    match viewer.role:
        case Role.ADMIN | Role.CLINIC | Role.SYSTEM:
            return "($1::uuid is null or true)"
        case Role.PATIENT:
            return "p.id = $1"
        case Role.DENTIST:
            return f"(p.id = $1 or p.role = 'patient' and ({made} or exists ({OWN_PATIENT})))"
        case Role.DESK:
            return f"(p.id = $1 or p.role = 'patient' and ({made} or exists ({OF_DESK})))"
        case Role.AGENT:
            return f"(p.id = $1 or p.role = 'patient' and ({made} or exists ({GRANT})))"
        case _:
            assert_never(viewer.role)


async def _change_role(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> None:
    await connection.execute(
        """
        delete from patient_grants
         where agent_id = $1 and $2 <> 'agent' or patient_id = $1 and $2 <> 'patient'
        """,
        id,
        str(fields["role"]),
    )
    if fields["role"] in (Role.PATIENT, Role.DENTIST):
        await _create_resource(connection, id, fields)


async def _words(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> list[str]:
    """The search words of a profile once it has `fields`. Locks the profile until the end of the
    transaction.
    """
    row = await connection.fetchrow(
        "select full_name, email, phone from profiles where id = $1 for no key update", id
    )
    after = dict(row or {}) | dict(fields)
    return indexed(after.get(name) for name in SEARCHED)


async def _create_resource(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> None:
    """Creates the resource of a role, and a dentist's `dentists` row, unless they exist. Deletes an
    unused patient resource.
    """
    clinic = fields["clinic_id"] if fields["role"] is Role.DENTIST else None
    await connection.execute(
        """
        delete from resources r
         where r.profile_id = $1 and r.kind = 'patient' and r.kind <> $2
           and not exists (select from slot_reservations s where s.resource_no = r.no)
        """,
        id,
        fields["role"],
    )
    number = await connection.fetchval(
        """
        insert into resources (clinic_id, kind, profile_id)
        select $1, $2, $3
         where not exists (select from resources where profile_id = $3 and kind = $2) returning no
        """,
        clinic,
        fields["role"],
        id,
    )
    if clinic and number:
        await connection.execute(
            """
            insert into dentists (profile_id, resource_no, clinic_id, specialty, bio, bookable)
            values ($1, $2, $3, $4, $5, $6)
            """,
            id,
            number,
            clinic,
            fields["specialty"],
            fields.get("bio"),
            fields.get("bookable", True),
        )


def _assignments(
    fields: Mapping[str, Any], of: frozenset[str], first: int
) -> tuple[list[str], list[Any]]:
    """`column = $n` for each field among these columns, with the values."""
    given = {name: value for name, value in fields.items() if name in of}
    return [f"{name} = ${n}" for n, name in enumerate(given, first)], list(given.values())


def _profile(row: asyncpg.Record) -> Profile:
    return Profile(**{**row, "role": Role(row["role"])})
