"""Reads appointments from Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db import links
from db.appointment_rows import appointment, columns, joins
from db.pool import Connection
from domain.actors import Scope
from domain.appointments import AgreedBy, Agreement, Appointment, Transition, Via
from domain.booking import Status
from domain.policy import AppointmentWithPolicy

OF_DESK = "a.clinic_id in (select s.clinic_id from staff_clinics s where s.profile_id = ${})"


@dataclass(frozen=True, slots=True)
class AppointmentFilter:
    """Filters of a list; null fields do not filter. Times are starts, `starts_to` is exclusive."""

    status: tuple[Status, ...] = ()
    dentist_ids: tuple[UUID, ...] = ()
    patient_id: UUID | None = None
    appointment_type: str | None = None
    starts_from: datetime | None = None
    starts_to: datetime | None = None
    clinic_id: UUID | None = None
    chair: int | None = None
    """The `no` of the chair's resource."""
    lapsed: bool | None = None

    def conditions(self, within: Scope, linked: Sequence[UUID] = ()) -> tuple[str, list[Any]]:
        """The SQL condition over `a` and `t` with its arguments. Only filters in use are included,
        so that an index can be used. `linked`: these patients instead of the patient in scope.
        """
        asked = {
            "a.patient_id = ${}": None if linked else within.patient_id,
            "a.patient_id = any(${}::uuid[])": linked or None,
            "a.dentist_id = ${}": within.dentist_id,
            OF_DESK: within.desk_id,
            "a.agent_id = ${} and agent_acts_for("
            "p_agent_id => a.agent_id, p_patient_id => a.patient_id)": within.agent_id,
            "a.status = any(${})": [str(status) for status in self.status] or None,
            "a.dentist_id = any(${}::uuid[])": self.dentist_ids or None,
            "a.patient_id = ${}::uuid": self.patient_id,
            "t.slug = ${}": self.appointment_type,
            "a.clinic_id = ${}": self.clinic_id,
            "(select no from chair_of(a.id)) = ${}": self.chair,
            "(a.lapsed_at is not null) = ${}": self.lapsed,
            "a.starts_at >= ${}": self.starts_from,
            "a.starts_at < ${}": self.starts_to,
        }
        given = {sql: value for sql, value in asked.items() if value is not None}
        sql = [text.format(n) for n, text in enumerate(given, start=1)]
        return " and ".join(sql) or "true", list(given.values())


async def get(connection: Connection, id: UUID, within: Scope) -> Appointment | None:
    """One appointment, or null if it does not exist or is outside the scope: the caller cannot tell
    which.
    """
    row = await _one(connection, id, within)
    return appointment(row, within) if row else None


async def get_with_policy(
    connection: Connection, id: UUID, within: Scope
) -> AppointmentWithPolicy | None:
    """The same, with the terms that the booking keeps when it is moved."""
    row = await _one(connection, id, within)
    return (
        AppointmentWithPolicy(appointment(row, within), row["type_id"], row["policy"])
        if row
        else None
    )


async def page(
    connection: Connection,
    within: Scope,
    filters: AppointmentFilter,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Appointment]:
    """The appointments in scope that match the filters, by start, after a cursor of (starts_at,
    id).
    """
    found = await _page(connection, within, filters.conditions(within), after, limit)
    if within.patient_id:
        linked = await links.ids(connection, within.patient_id)
        if linked:  # a second query, as the first one reads its index in order
            conditions = filters.conditions(within, linked)
            found += await _page(connection, within, conditions, after, limit)
            found.sort(key=lambda each: (each.starts_at, each.id))
    return found[:limit]


async def history(connection: Connection, id: UUID, within: Scope) -> list[Transition]:
    """The audit trail of one appointment, oldest first. Staff see the actors' names."""
    rows = await connection.fetch(
        """
        select t.version, t.verb, t.from_status, t.to_status, t.actor, t.via, t.reason, t.at,
               t.moved_from, t.agreement, p.full_name as actor_name
          from appointment_transitions t
          left join profiles p on $2 and p.id = nullif(split_part(t.actor, ':', 2), '')::uuid
         where t.appointment_id = $1 order by t.version
        """,
        id,
        within.by_staff,
    )
    return [_transition(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Blocking:
    """A booking that overlaps a requested slot, and its owner."""

    id: UUID
    patient_id: UUID
    caller: UUID


async def blocking(
    connection: Connection,
    dentist_id: UUID,
    appointment_type: str,
    starts_at: datetime,
    moving: UUID | None = None,
) -> list[Blocking]:
    """The live bookings of a dentist that a visit of this type would overlap, buffers included.
    `moving`: the booking to be moved there; it keeps its own terms if its type stays.
    """
    rows = await connection.fetch(
        """
        select distinct a.id, a.patient_id, a.caller
          from dentists d
          join appointment_types t on t.clinic_id = d.clinic_id and t.slug = lower($2)
          left join appointments m on m.id = $4 and m.type_id = t.id
         cross join lateral (
               select $3::timestamptz
                          - coalesce(make_interval(secs => (m.policy ->> 'buffer_before')::float8),
                                     t.buffer_before) as starts,
                      $3::timestamptz + coalesce(m.ends_at - m.starts_at, t.duration)
                          + coalesce(make_interval(secs => (m.policy ->> 'buffer_after')::float8),
                                     t.buffer_after) as ends) visit
          join slot_reservations s on s.active
               and int4range(s.resource_no, s.resource_no, '[]')
                   && int4range(d.resource_no, d.resource_no, '[]')
               and s.during && tstzrange(visit.starts, visit.ends)
          join appointments a on a.id = s.appointment_id and a.id is distinct from $4
         where d.profile_id = $1 and (a.status <> 'held' or a.hold_expires_at > clock_timestamp())
         order by a.id
        """,
        dentist_id,
        appointment_type,
        starts_at,
        moving,
    )
    return [Blocking(**row) for row in rows]


async def _page(
    connection: Connection,
    within: Scope,
    asked: tuple[str, list[Any]],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Appointment]:
    conditions, values = asked[0], [*asked[1], *(after or (None, None)), limit]
    n = len(values)
    rows = await connection.fetch(
        f"""
        select clock_timestamp() as server_time, {columns(within)}
          from appointments a {joins(within)}
         where {conditions}
           and (${n - 2}::timestamptz is null or (a.starts_at, a.id) > (${n - 2}, ${n - 1}::uuid))
         order by a.starts_at, a.id limit ${n}
        """,  # noqa: S608 - constants of ours
        *values,
    )
    return [appointment(row, within) for row in rows]


async def _one(connection: Connection, id: UUID, within: Scope) -> asyncpg.Record | None:
    return await connection.fetchrow(
        f"""
        select clock_timestamp() as server_time, a.type_id, a.policy, {columns(within)}
          from appointments a {joins(within)}
         where a.id = $1 and ($2::uuid is null or a.patient_id = any(patients_of($2)))
           and ($3::uuid is null or a.dentist_id = $3)
           and ($5::uuid is null or works_at(p_desk_id => $5, p_clinic_id => a.clinic_id))
           and ($4::uuid is null or a.agent_id = $4
                and agent_acts_for(p_agent_id => $4, p_patient_id => a.patient_id))
        """,  # noqa: S608 - constants of ours
        id,
        within.patient_id,
        within.dentist_id,
        within.agent_id,
        within.desk_id,
    )


def _agreement(stored: dict[str, str] | None) -> Agreement | None:
    if stored is None:
        return None
    return Agreement(stored["read_back_hash"], stored["language"], AgreedBy(stored["agreed_by"]))


def _transition(row: asyncpg.Record) -> Transition:
    return Transition(
        version=row["version"],
        verb=row["verb"],
        from_status=Status(row["from_status"]) if row["from_status"] else None,
        to_status=Status(row["to_status"]),
        actor=row["actor"],
        via=Via(row["via"]),
        reason=row["reason"],
        at=row["at"],
        moved_from=row["moved_from"],
        actor_name=row["actor_name"] or None,
        agreement=_agreement(row["agreement"]),
    )
