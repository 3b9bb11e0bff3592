"""Profiles in Postgres: who there is, who may see whom, and what becomes of a row."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection, fetch_one
from domain.actors import Actor, Role
from domain.people import PERSONAL, Erased, Profile

COLUMNS = """
    p.id, p.role, p.full_name, p.active, p.version, p.created_at, p.updated_at, p.email, p.phone,
    p.time_zone, p.locale, p.created_by, p.erased_at, d.clinic_id, d.specialty, d.bio, d.bookable
"""
FROM = "from profiles p left join dentists d on d.profile_id = p.id"

SEEN = """
    ($1::uuid is null or p.id = $1 or p.created_by = $1 or p.role = 'patient' and (
        exists (select from appointments a where a.patient_id = p.id and a.dentist_id = $1)
        or exists (select from patient_grants g where g.patient_id = p.id and g.agent_id = $1)))
"""
"""$1 sees: oneself, whom one made, a dentist their patients, an agent the patients who let it act;
null sees all.
"""

OF_PROFILE = PERSONAL | {"role", "active"}
OF_DENTIST = frozenset({"specialty", "bio", "bookable"})


async def get(connection: Connection, id: UUID, seen_by: UUID | None) -> Profile | None:
    """One profile, or null where there is none or none to be seen: the caller cannot tell which."""
    row = await connection.fetchrow(
        f"select {COLUMNS} {FROM} where {SEEN} and p.id = $2",
        seen_by,
        id,
    )
    return _profile(row) if row else None


async def page(
    connection: Connection,
    seen_by: UUID | None,
    role: Role | None,
    words: list[str],
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[Profile]:
    """Those who may be seen, by name, after a cursor of (full_name, id). Each of `words` (letters
    and digits alone) begins a word of the name, address or number.
    """
    search = "profile_words(p.*) @@ to_tsquery('simple', $3)" if words else "$3::text is null"
    rows = await connection.fetch(
        f"""
        select {COLUMNS} {FROM}
         where {SEEN} and ($2::text is null or p.role = $2) and {search}
           and ($4::text is null or (p.full_name, p.id) > ($4, $5::uuid))
         order by p.full_name, p.id limit $6
        """,
        seen_by,
        role,
        " & ".join(f"{word}:*" for word in words) or None,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_profile(row) for row in rows]


async def create(
    connection: Connection, id: UUID, fields: Mapping[str, Any], created_by: UUID | None
) -> bool:
    """Makes a profile of `fields` with what its role needs: a patient's or dentist's resource, a
    dentist's entry. False where this id is taken. ForeignKeyViolationError: no such clinic.
    """
    async with connection.transaction():
        made = await connection.fetchval(
            """
            insert into profiles
                   (id, role, full_name, email, phone, time_zone, locale, active, created_by)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning id
            """,
            id,
            fields["role"],
            fields["full_name"],
            *(fields.get(name) for name in ("email", "phone", "time_zone", "locale")),
            fields.get("active", True),
            created_by,
        )
        if made and fields["role"] in (Role.PATIENT, Role.DENTIST):
            await _give_place(connection, id, fields)
    return made is not None


async def update(
    connection: Connection, id: UUID, fields: Mapping[str, Any], version: int | None
) -> bool:
    """Sets `fields` of a profile that has `version` (null = any); false where it has another one.
    A role that needs a place gets one. UniqueViolationError: the place is another role's.
    """
    async with connection.transaction():
        sets, values = _assignments(fields, OF_PROFILE, first=3)
        sql = "version = version + 1, updated_at = clock_timestamp()"
        found = await connection.fetchval(
            f"""
            update profiles set {", ".join([*sets, sql])}
             where id = $1 and ($2::int is null or version = $2) returning id
            """,  # noqa: S608 - column names of ours
            id,
            version,
            *values,
        )
        if found and fields.get("role") in (Role.PATIENT, Role.DENTIST):
            await _give_place(connection, id, fields)
        sets, values = _assignments(fields, OF_DENTIST, first=2)
        if found and sets:
            sql = f"update dentists set {', '.join(sets)} where profile_id = $1"  # noqa: S608
            await connection.execute(sql, id, *values)
    return found is not None


async def erase(connection: Connection, id: UUID, actor: Actor) -> Erased | None:
    """Blanks what is personal, and ends what they granted or were granted; null without such a
    profile. Again, it finds nothing left.
    """
    async with connection.transaction():
        await connection.execute(  # first: it waits for holds, which need the bookings
            "delete from patient_grants where $1 in (patient_id, agent_id)", id
        )
        row = await fetch_one(connection, "select * from profile_erase($1, $2)", id, str(actor))
    return Erased(**row) if row["profile"] else None


async def _give_place(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> None:
    """The resource, and for dentists the entry, of a role; once. A patient's goes where it was
    never used.
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
    """`column = $n` for each field that is one of these columns, with its values."""
    given = {name: value for name, value in fields.items() if name in of}
    return [f"{name} = ${n}" for n, name in enumerate(given, first)], list(given.values())


def _profile(row: asyncpg.Record) -> Profile:
    return Profile(**{**row, "role": Role(row["role"])})
