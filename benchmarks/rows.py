"""The rows of the test data: loaded at the start; new ones are deleted between measurements."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks import server, world
from benchmarks.world import World, named, resource

LOADED_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""`created_at` of the loaded rows, to tell them from new ones."""
TOUCHED = ("appointments", "slot_reservations", "appointment_transitions", "realtime_events")
POLICY = {"buffer_before": 0, "buffer_after": 300, "cancel_notice": 0, "needs_approval": False}

Resource = tuple[int, UUID | None, str, UUID | None, str | None]
"""Number, clinic, kind, profile and name."""


async def load(dsn: str, whole: World) -> None:
    """Inserts clinics, people and bookings, with the rows that the commands would have written."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            await connection.execute(server.TABLE)
            await _clinics(connection)
            await _people(connection)
            await _bookings(connection, whole)
        await connection.execute("vacuum analyze appointments, slot_reservations, resources")
        await connection.execute("vacuum analyze profiles, bench_claims, appointment_transitions")
    finally:
        await connection.close()


async def delete_new(connection: asyncpg.Connection) -> None:
    """Deletes new bookings, so that each measurement starts with tables of the same size. Their
    workflows stay open in Temporal, and nothing wakes them during the run.
    """
    async with connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute("delete from workflow_inbox")
        await connection.execute("delete from realtime_events")
        await connection.execute("delete from idempotency_keys")
        await connection.execute("delete from bench_claims where id <> $1", named("base", 0))
        for table in ("slot_reservations", "appointment_transitions"):
            await connection.execute(
                f"delete from {table} where appointment_id in"
                " (select id from appointments where created_at > $1)",
                LOADED_AT,
            )
        await connection.execute("delete from appointments where created_at > $1", LOADED_AT)
    await connection.execute(f"vacuum {', '.join(TOUCHED)}, bench_claims")


async def sizes(connection: asyncpg.Connection) -> dict[str, int]:
    """The number of rows of each table that a booking writes to, and of the baseline's table."""
    tables = (*TOUCHED, "workflow_inbox", "bench_claims")
    return {name: await connection.fetchval(f"select count(*) from {name}") for name in tables}


async def _clinics(connection: asyncpg.Connection) -> None:
    numbers = range(world.CLINICS)
    await connection.copy_records_to_table(
        "clinics",
        columns=["id", "name", "time_zone", "slot_grid_minutes"],
        records=[
            (named("clinic", n), f"Clinic {n}", str(world.ZONE), world.GRID_MINUTES)
            for n in numbers
        ],
    )
    await connection.executemany(
        """
        insert into appointment_types
               (id, clinic_id, slug, name, duration, buffer_after, hold_for, needs_chair)
        values ($1, $2, $3, $3, '30 minutes', make_interval(mins => $4),
                make_interval(secs => $5), $6)
        """,
        [
            (named(f"type {slug}", n), named("clinic", n), slug, after, float(hold), chair)
            for n in numbers
            for slug, after, hold, chair in world.TYPES
        ],
    )
    chairs: list[Resource] = [
        (resource("chair", n), named("clinic", n // world.CHAIRS), "chair", None, f"Chair {n}")
        for n in range(world.CLINICS * world.CHAIRS)
    ]
    await _resources(connection, chairs)


async def _people(connection: asyncpg.Connection) -> None:
    dentists = range(world.CLINICS * world.DENTISTS)
    patients = range(world.OLD_PATIENTS + world.CALLERS)
    people = [(named("dentist", n), "dentist", f"Dentist {n}") for n in dentists]
    people += [(named("patient", n), "patient", f"Patient {n}") for n in patients]
    people.append((named("admin", 0), "admin", "Admin"))
    await connection.copy_records_to_table(
        "profiles", columns=["id", "role", "full_name"], records=people
    )
    clinic = {n: named("clinic", n // world.DENTISTS) for n in dentists}
    places: list[Resource] = [
        (resource("dentist", n), clinic[n], "dentist", named("dentist", n), None) for n in dentists
    ]
    places += [
        (resource("patient", n), None, "patient", named("patient", n), None) for n in patients
    ]
    await _resources(connection, places)
    await connection.copy_records_to_table(
        "dentists",
        columns=["profile_id", "resource_no", "clinic_id", "specialty"],
        records=[(named("dentist", n), resource("dentist", n), clinic[n], "All") for n in dentists],
    )
    await connection.executemany(
        """
        insert into weekly_hours (resource_no, weekday, starts, ends)
        values ($1, $2, $3::text::time, $4::text::time)
        """,
        [
            (resource("dentist", n), day, *window)
            for n in dentists
            for day in range(5)
            for window in world.WINDOWS
        ],
    )


async def _resources(connection: asyncpg.Connection, records: list[Resource]) -> None:
    columns = ["no", "clinic_id", "kind", "profile_id", "name"]
    await connection.copy_records_to_table("resources", columns=columns, records=records)


async def _bookings(connection: asyncpg.Connection, whole: World) -> None:
    """The booked slots, each with a claim on dentist, chair and patient. They have lapsed, so that
    the reconciler does not start workflows for them.
    """
    appointments, claims, transitions = [], [], []
    in_time = sorted(whole.booked, key=lambda slot: slot.starts_at)
    for number, slot in enumerate(in_time):
        id, dentist = named("booking", number), slot.resource_no - resource("dentist", 0)
        clinic, patient = dentist // world.DENTISTS, number % world.OLD_PATIENTS
        chair = resource("chair", clinic * world.CHAIRS + dentist % world.DENTISTS)
        ends_at = slot.starts_at + server.VISIT
        who = (named("clinic", clinic), slot.dentist, named("patient", patient))
        what = (named(f"type {world.VISIT}", clinic), "booked", slot.starts_at, ends_at)
        maker = named("patient", patient)
        how = (json.dumps(POLICY), maker, f"patient:{maker}", "confirm", "system", "sweep")
        appointments.append((id, *who, *what, *how, LOADED_AT, LOADED_AT, LOADED_AT))
        busy = asyncpg.Range(slot.starts_at, ends_at + timedelta(minutes=5))
        claims += [(id, no, busy) for no in (slot.resource_no, chair)]
        claims.append((id, resource("patient", patient), asyncpg.Range(slot.starts_at, ends_at)))
        transitions.append((id, 1, "hold", "booked", "system", "sweep", LOADED_AT))
    columns = (
        "id clinic_id dentist_id patient_id type_id status starts_at ends_at policy caller maker"
    )
    columns += " verb actor via created_at updated_at lapsed_at"
    await _copy(connection, "appointments", columns, appointments)
    await _copy(connection, "slot_reservations", "appointment_id resource_no during", claims)
    columns = "appointment_id version verb to_status actor via at"
    await _copy(connection, "appointment_transitions", columns, transitions)
    rows = [(named("base", 0), *claim[1:]) for claim in claims]
    await _copy(connection, "bench_claims", "id resource_no during", rows)


async def _copy(
    connection: asyncpg.Connection, table: str, columns: str, records: list[Any]
) -> None:
    await connection.copy_records_to_table(table, columns=columns.split(), records=records)
