"""The demo data: one clinic that a newcomer can book at. Loading it again changes nothing."""

from uuid import UUID, uuid5

from db import profiles
from db.pool import Connection

NAMESPACE = UUID("6c1f3c52-8a1e-4f0b-9d52-7e2a4d0c9b11")


def person_id(role: str, name: str) -> UUID:
    """The id of a demo person; the same role and name are always the same person."""
    return uuid5(NAMESPACE, f"{role}:{name.lower()}")


CLINIC = uuid5(NAMESPACE, "clinic:riverside")

DENTISTS = (
    ("amara", "Dr. Amara Okafor", "General dentistry"),
    ("lena", "Dr. Lena Fischer", "Orthodontics"),
    ("mateo", "Dr. Mateo Silva", "Endodontics"),
)
PATIENTS = (
    ("ana", "Ana Torres"),
    ("ben", "Ben Walker"),
    ("chloe", "Chloe Martin"),
    ("deniz", "Deniz Kaya"),
)
OF_THE_CHATBOT = ("ben", "deniz")
"""Patients whom the chatbot made, and may book for."""

CHAIRS = ("Chair 1", "Chair 2", "Chair 3")
TYPES: tuple[tuple[str, str, int, int, int, bool, bool], ...] = (
    # slug, name, minutes, buffer after, hold seconds, needs a chair, needs approval
    ("checkup", "Check-up", 30, 5, 300, True, False),
    ("cleaning", "Cleaning", 45, 10, 300, True, False),
    ("filling", "Filling", 60, 10, 300, True, False),
    ("consultation", "Consultation", 20, 0, 300, False, False),
    ("demo-short-hold", "Check-up with a hold of five seconds", 30, 0, 5, True, False),
)
MORNING, AFTERNOON = ("08:00", "12:00"), ("13:00", "18:00")
WEEK = [(day, *window) for day in range(5) for window in (MORNING, AFTERNOON)] + [(5, *MORNING)]


async def load(connection: Connection) -> None:
    """Clinic, staff, patients, chairs, types and hours, in one transaction."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(8)")
        if await connection.fetchval("select exists (select from clinics where id = $1)", CLINIC):
            return
        await connection.execute(
            "insert into clinics values ($1, 'Riverside Dental', 'Europe/Berlin', 15)", CLINIC
        )
        for terms in TYPES:
            await _add_type(connection, *terms)
        for name in CHAIRS:
            await connection.execute(
                "insert into resources (clinic_id, kind, name) values ($1, 'chair', $2)",
                CLINIC,
                name,
            )
        for name, full_name, specialty in DENTISTS:
            await _add_dentist(connection, person_id("dentist", name), full_name, specialty)
        for role, name in (("admin", "admin"), ("agent", "chatbot")):
            await connection.execute(
                "insert into profiles (id, role, full_name) values ($1, $2, $3)",
                person_id(role, name),
                role,
                name.capitalize(),
            )
        for name, full_name in PATIENTS:
            await profiles.add_patient(connection, person_id("patient", name), full_name)
        await connection.execute(
            "update profiles set created_by = $1 where id = any($2)",
            person_id("agent", "chatbot"),
            [person_id("patient", name) for name in OF_THE_CHATBOT],
        )


async def _add_type(
    connection: Connection,
    slug: str,
    name: str,
    minutes: int,
    after: int,
    hold: int,
    needs_chair: bool,
    needs_approval: bool,
) -> None:
    await connection.execute(
        """
        insert into appointment_types
               (id, clinic_id, slug, name, duration, buffer_after, hold_for, needs_chair,
                needs_approval)
        values ($1, $2, $3, $4, make_interval(mins => $5), make_interval(mins => $6),
                make_interval(secs => $7), $8, $9)
        """,
        uuid5(NAMESPACE, f"type:{slug}"),
        CLINIC,
        slug,
        name,
        minutes,
        after,
        float(hold),
        needs_chair,
        needs_approval,
    )


async def _add_dentist(
    connection: Connection,
    id: UUID,
    full_name: str,
    specialty: str,
) -> None:
    await connection.execute(
        "insert into profiles (id, role, full_name) values ($1, 'dentist', $2)", id, full_name
    )
    number = await connection.fetchval(
        """
        insert into resources (clinic_id, kind, profile_id, name) values ($1, 'dentist', $2, $3)
        returning no
        """,
        CLINIC,
        id,
        full_name,
    )
    await connection.execute(
        """
        insert into dentists (profile_id, resource_no, clinic_id, specialty)
        values ($1, $2, $3, $4)
        """,
        id,
        number,
        CLINIC,
        specialty,
    )
    await connection.executemany(
        """
        insert into weekly_hours (resource_no, weekday, starts, ends)
        values ($1, $2, $3::text::time, $4::text::time)
        """,
        [(number, *window) for window in WEEK],
    )
