"""The demo data: one clinic with an empty calendar. Loading it again changes nothing.

db/demo_practice.py adds more people and a full calendar.
"""

from dataclasses import dataclass
from uuid import UUID, uuid5

from db import catalogue, profiles
from db.pool import Connection
from domain.actors import Actor, Role

NAMESPACE = UUID("6c1f3c52-8a1e-4f0b-9d52-7e2a4d0c9b11")


def person_id(role: str, name: str) -> UUID:
    """The id of a demo person; the same role and name always give the same id."""
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
"""Patients created by the chatbot, which may book for them."""

CHATBOT = Actor(Role.AGENT, person_id("agent", "chatbot"))

SHOWN = 6
"""People of each role that development offers for sign-in."""

CHAIRS = ("Chair 1", "Chair 2", "Chair 3")
Type = tuple[str, str, int, int, int, bool, bool]
TYPES: tuple[Type, ...] = (
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
        await add_clinic(connection, CLINIC, "Riverside Dental", "Europe/Berlin")
        for terms in TYPES:
            await add_type(connection, CLINIC, uuid5(NAMESPACE, f"type:{terms[0]}"), terms)
        for name, full_name, specialty in DENTISTS:
            await add_dentist(connection, CLINIC, name, full_name, specialty)
        for role, name in (("admin", "admin"), ("agent", "chatbot")):
            service = {"role": Role(role), "full_name": name.capitalize()}
            await profiles.create(connection, person_id(role, name), service, None)
        await add_desk(connection, "greta", "Greta Vogel", CLINIC)
        for name, full_name in PATIENTS:
            maker = CHATBOT if name in OF_THE_CHATBOT else None
            patient = {"role": Role.PATIENT, "full_name": full_name}
            await profiles.create(connection, person_id("patient", name), patient, maker)


async def add_clinic(connection: Connection, id: UUID, name: str, time_zone: str) -> None:
    """A clinic with its chairs."""
    fields = {"name": name, "time_zone": time_zone, "slot_grid_minutes": 15}
    await catalogue.add_clinic(connection, id, fields)
    for chair in CHAIRS:
        await catalogue.add_chair(connection, id, chair)


async def add_desk(connection: Connection, name: str, full_name: str, *clinics: UUID) -> None:
    """A receptionist of these clinics."""
    fields = {"role": Role.DESK, "full_name": full_name, "clinic_ids": clinics}
    await profiles.create(connection, person_id("desk", name), fields, None)


async def add_type(connection: Connection, clinic: UUID, id: UUID, terms: Type) -> None:
    slug, name, minutes, after, hold, needs_chair, needs_approval = terms
    fields = {
        "clinic_id": clinic,
        "slug": slug,
        "name": name,
        "duration_minutes": minutes,
        "buffer_after_minutes": after,
        "hold_seconds": hold,
        "needs_chair": needs_chair,
        "needs_approval": needs_approval,
    }
    await catalogue.add_type(connection, id, fields)


async def add_dentist(
    connection: Connection, clinic: UUID, name: str, full_name: str, specialty: str
) -> None:
    """A dentist with a week of hours."""
    id = person_id("dentist", name)
    fields = {
        "role": Role.DENTIST,
        "full_name": full_name,
        "clinic_id": clinic,
        "specialty": specialty,
    }
    await profiles.create(connection, id, fields, None)
    await connection.executemany(
        """
        insert into weekly_hours (resource_no, weekday, starts, ends)
        select resource_no, $2, $3::text::time, $4::text::time from dentists where profile_id = $1
        """,
        [(id, *window) for window in WEEK],
    )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to sign in as in development."""

    id: UUID
    role: Role
    full_name: str


async def people(connection: Connection) -> list[Person]:
    """Up to SHOWN people of each role that uses the web app, the oldest profiles first."""
    rows = await connection.fetch(
        """
        select id, role, full_name
        from (select id, role::text, full_name,
                     row_number() over (partition by role order by created_at, full_name) as place
              from profiles
              where active and role::text <> 'agent') as ranked
        where place <= $1
        order by array_position(array['admin', 'desk', 'dentist', 'patient'], role), full_name
        """,
        SHOWN,
    )
    return [Person(row["id"], Role(row["role"]), row["full_name"]) for row in rows]
