"""Lists, adds and changes clinics, appointment types and resources in Postgres."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from db.pool import Connection
from domain.catalogue import AppointmentType, Clinic, Resource, ResourceKind

INTERVALS = {
    "duration_minutes": ("duration", 60),
    "buffer_before_minutes": ("buffer_before", 60),
    "buffer_after_minutes": ("buffer_after", 60),
    "lead_time_minutes": ("lead_time", 60),
    "horizon_days": ("horizon", 86_400),
    "hold_seconds": ("hold_for", 1),
    "approval_minutes": ("approval_for", 60),
    "cancel_notice_minutes": ("cancel_notice", 60),
}
"""Interval fields of a type: the column, and the seconds of the field's unit."""

TYPE_COLUMNS = ", ".join(
    [
        "id, clinic_id, slug, name",
        *(
            f"(extract(epoch from {column}) / {unit})::int as {field}"
            for field, (column, unit) in INTERVALS.items()
        ),
        "needs_chair, needs_approval, bookable_online, version, updated_at",
    ]
)
CLINIC_COLUMNS = "id, name, time_zone, slot_grid_minutes, version, updated_at"


async def clinics(
    connection: Connection, id: UUID | None = None, *, locked: bool = False
) -> list[Clinic]:
    """All clinics by name, or the one with this id. `locked` locks them against changes until the
    end of the transaction.
    """
    rows = await connection.fetch(
        f"""
        select {CLINIC_COLUMNS} from clinics where $1::uuid is null or id = $1 order by name, id
        {"for no key update" if locked else ""}
        """,  # noqa: S608 - constants of ours
        id,
    )
    return [Clinic(**row) for row in rows]


async def types(
    connection: Connection,
    clinic_id: UUID | None = None,
    id: UUID | None = None,
    *,
    locked: bool = False,
) -> list[AppointmentType]:
    """All types by clinic and slug, those of one clinic, or the one with this id. `locked` as for
    `clinics`.
    """
    rows = await connection.fetch(
        f"""
        select {TYPE_COLUMNS} from appointment_types
         where ($1::uuid is null or clinic_id = $1) and ($2::uuid is null or id = $2)
         order by clinic_id, slug {"for no key update" if locked else ""}
        """,  # noqa: S608 - constants of ours
        clinic_id,
        id,
    )
    return [AppointmentType(**row) for row in rows]


async def resources(
    connection: Connection,
    clinic_id: UUID | None = None,
    kind: ResourceKind | None = None,
    no: int | None = None,
    *,
    locked: bool = False,
) -> list[Resource]:
    """Chairs and dentists by number; patients are left out. `locked` as for `clinics`."""
    rows = await connection.fetch(
        f"""
        select r.no, r.clinic_id, r.kind, coalesce(p.full_name, r.name) as name, r.active,
               r.version, r.updated_at, r.profile_id
          from resources r left join profiles p on p.id = r.profile_id
         where r.kind <> 'patient' and ($1::uuid is null or r.clinic_id = $1)
           and ($2::text is null or r.kind = $2) and ($3::int is null or r.no = $3)
         order by r.no {"for no key update of r" if locked else ""}
        """,  # noqa: S608 - constants of ours
        clinic_id,
        kind,
        no,
    )
    return [Resource(**{**row, "kind": ResourceKind(row["kind"])}) for row in rows]


async def add_clinic(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> None:
    await _insert(connection, "clinics", {"id": id, **fields})


async def add_type(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> None:
    """UniqueViolationError: the slug is taken; ForeignKeyViolationError: no such clinic."""
    await _insert(connection, "appointment_types", {"id": id, **fields})


async def add_chair(connection: Connection, clinic_id: UUID, name: str) -> int:
    """Adds a chair and returns its number. UniqueViolationError: the clinic already has a chair
    with this name; ForeignKeyViolationError: no such clinic.
    """
    number: int = await connection.fetchval(
        "insert into resources (clinic_id, kind, name) values ($1, 'chair', $2) returning no",
        clinic_id,
        name,
    )
    return number


async def change_clinic(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> None:
    await _update(connection, "clinics", "id", id, fields)


async def change_type(connection: Connection, id: UUID, fields: Mapping[str, Any]) -> None:
    """UniqueViolationError: the slug is taken."""
    await _update(connection, "appointment_types", "id", id, fields)


async def change_chair(connection: Connection, no: int, fields: Mapping[str, Any]) -> None:
    """UniqueViolationError: the name is taken."""
    await _update(connection, "resources", "no", no, fields)


async def _insert(connection: Connection, table: str, fields: Mapping[str, Any]) -> None:
    names = ", ".join(_column(name) for name in fields)
    places = ", ".join(_values(fields, 1))
    sql = f"insert into {table} ({names}) values ({places})"  # noqa: S608 - names of ours
    await connection.execute(sql, *fields.values())


async def _update(
    connection: Connection, table: str, key: str, id: UUID | int, fields: Mapping[str, Any]
) -> None:
    pairs = zip(fields, _values(fields, 2), strict=True)
    sets = [f"{_column(name)} = {value}" for name, value in pairs]
    sets += ["version = version + 1", "updated_at = clock_timestamp()"]
    sql = f"update {table} set {', '.join(sets)} where {key} = $1"  # noqa: S608 - names of ours
    await connection.execute(sql, id, *fields.values())


def _column(field: str) -> str:
    return INTERVALS[field][0] if field in INTERVALS else field


def _values(fields: Iterable[str], first: int) -> list[str]:
    """A placeholder for each field; intervals are converted from a number of their unit."""
    return [
        f"make_interval(secs => ${n}::int * {INTERVALS[name][1]}::float8)"
        if name in INTERVALS
        else f"${n}"
        for n, name in enumerate(fields, first)
    ]
