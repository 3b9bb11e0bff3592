"""The rows of the day board: one more clinic, with 12 dentists and 200 bookings on one day."""

import json
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from uuid import UUID

import asyncpg

from benchmarks import rows, server, world
from benchmarks.world import VISIT, WINDOWS, ZONE, named, resource

DENTISTS, BOOKINGS = 12, 200
CLINIC = named("clinic", world.CLINICS)
FIRST = world.CLINICS * world.DENTISTS
"""The number of the first of these dentists."""
PATIENTS = range(world.OLD_PATIENTS + world.CALLERS - BOOKINGS, world.OLD_PATIENTS + world.CALLERS)
"""The last ones, who have no other bookings."""
STARTS = [
    f"{hour:02}:{minute:02}" for hour in (*range(8, 12), *range(13, 18)) for minute in (0, 30)
]


def day() -> date:
    """The next working day."""
    tomorrow = datetime.now(ZONE).date() + timedelta(days=1)
    return next(on for n in range(3) if (on := tomorrow + timedelta(days=n)).weekday() < 5)


async def load(connection: asyncpg.Connection) -> list[UUID]:
    """Inserts them unless that was done; returns the bookings."""
    ids = [named("board booking", number) for number in range(BOOKINGS)]
    if await connection.fetchval("select exists (select from clinics where id = $1)", CLINIC):
        return ids
    async with connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await _clinic(connection)
        await _dentists(connection)
        await _bookings(connection, ids)
    return ids


async def _clinic(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "insert into clinics (id, name, time_zone, slot_grid_minutes) values ($1, 'Board', $2, 15)",
        CLINIC,
        str(ZONE),
    )
    await connection.execute(
        """
        insert into appointment_types (id, clinic_id, slug, name, duration, needs_chair)
        values ($1, $2, $3, 'Visit', '30 minutes', false)
        """,
        named("board type", 0),
        CLINIC,
        VISIT,
    )


async def _dentists(connection: asyncpg.Connection) -> None:
    numbers = range(FIRST, FIRST + DENTISTS)
    await connection.executemany(
        "insert into profiles (id, role, full_name) values ($1, 'dentist', $2)",
        [(named("dentist", n), f"Dentist {n}") for n in numbers],
    )
    await connection.executemany(
        """
        insert into resources (no, clinic_id, kind, profile_id)
        overriding system value values ($1, $2, 'dentist', $3)
        """,
        [(resource("dentist", n), CLINIC, named("dentist", n)) for n in numbers],
    )
    await connection.executemany(
        """
        insert into dentists (profile_id, resource_no, clinic_id, specialty)
        values ($1, $2, $3, 'All')
        """,
        [(named("dentist", n), resource("dentist", n), CLINIC) for n in numbers],
    )
    await connection.executemany(
        """
        insert into weekly_hours (resource_no, weekday, starts, ends)
        values ($1, $2, $3::text::time, $4::text::time)
        """,
        [(resource("dentist", n), d, *w) for n in numbers for d in range(5) for w in WINDOWS],
    )


async def _bookings(connection: asyncpg.Connection, ids: list[UUID]) -> None:
    """The bookings with their claims. They need no chair."""
    appointments, claims = [], []
    for number, id in enumerate(ids):
        dentist, who = FIRST + number % DENTISTS, PATIENTS[number]
        patient = named("patient", who)
        at = wall_time.fromisoformat(STARTS[number // DENTISTS])
        starts = datetime.combine(day(), at, ZONE).astimezone(UTC)
        ends = starts + server.VISIT
        what = (CLINIC, named("dentist", dentist), patient, named("board type", 0))
        how = (json.dumps(rows.POLICY), patient, f"patient:{patient}")
        appointments.append((id, *what, starts, ends, *how, rows.LOADED_AT))
        claims += [
            (id, no, asyncpg.Range(starts, ends))
            for no in (resource("dentist", dentist), resource("patient", who))
        ]
    await connection.executemany(
        """
        insert into appointments
               (id, clinic_id, dentist_id, patient_id, type_id, status, starts_at, ends_at, policy,
                caller, maker, verb, actor, via, created_at, updated_at)
        values ($1, $2, $3, $4, $5, 'booked', $6, $7, $8::text::jsonb,
                $9, $10, 'confirm', 'system', 'sweep', $11, $11)
        """,
        appointments,
    )
    await connection.executemany(
        "insert into slot_reservations (appointment_id, resource_no, during) values ($1, $2, $3)",
        claims,
    )
