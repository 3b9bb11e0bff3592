"""People of the demo data, times to book, and the commands in one line each."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from db.demo import person_id
from db.pool import Pool
from domain.actors import CLINIC, Actor, Role
from domain.appointments import Change, Hold, Via
from domain.booking import Verb
from domain.idempotency import Key
from domain.patient_limits import HOLD_QUOTA, Limits
from services import booking

AMARA, LENA, MATEO = (person_id("dentist", name) for name in ("amara", "lena", "mateo"))
ANA, BEN = (person_id("patient", name) for name in ("ana", "ben"))


HANG = 30.0
"""Seconds after which a step of a test counts as hung, on the slowest machine."""


def monday(hour: int, minute: int = 0, weeks: int = 1) -> datetime:
    """A local time of the clinic on a Monday to come."""
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    day = today + timedelta(days=7 * weeks - today.weekday())
    return datetime(
        day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo("Europe/Berlin")
    ).astimezone(UTC)


def request(starts_at: datetime, **fields: object) -> Hold:
    given = {
        "id": uuid7(),
        "command_id": uuid7(),
        "dentist_id": AMARA,
        "patient_id": ANA,
        "appointment_type": "checkup",
        "starts_at": starts_at,
        "limits": Limits(holds=HOLD_QUOTA),
        "caller": ANA,
    }
    return Hold(**(given | fields))


def key(name: str = "k", body: str = "", caller: UUID = ANA, route: str = "POST /hold") -> Key:
    """An idempotency key of a caller for a request that is `body`."""
    hashed = [hashlib.sha256(text.encode()).digest() for text in (name, name + body)]
    return Key(caller, route, *hashed)


def patient(id: UUID) -> Actor:
    return Actor(Role.PATIENT, id)


async def hold(pool: Pool, command: Hold, actor: Actor | None = None):
    """Holds as the patient, unless somebody else does."""
    async with pool.acquire() as connection:
        asker = actor or patient(command.patient_id)
        return await booking.hold(connection, command, asker, Via.API)


async def change(pool: Pool, id: UUID, verb: Verb, actor: Actor = CLINIC, **fields):
    command = Change(id, verb, fields.pop("command_id", uuid7()), **fields)
    async with pool.acquire() as connection:
        return await booking.change(connection, command, actor, Via.API)


async def rewrite(pool: Pool, query: str, *args: object) -> None:
    """Changes rows without their triggers: as if it had always been so."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(query, *args)


async def begin_visit(pool: Pool, id: UUID | str, since: timedelta = timedelta()) -> None:
    """Sets the visit's start to now, or to `since` ago, as if time had gone by. Deadlines stay."""
    await rewrite(
        pool,
        """
        update appointments
           set starts_at = clock_timestamp() - $2::interval,
               ends_at = clock_timestamp() - $2::interval + (ends_at - starts_at)
         where id = $1
        """,
        id,
        since,
    )


async def overdue(pool: Pool, id: UUID) -> None:
    """Sets the hold's deadline into the past, as if its time had gone by."""
    await rewrite(
        pool,
        """
        update appointments set hold_expires_at = clock_timestamp() - interval '1 second'
         where id = $1
        """,
        id,
    )


def counting(monkeypatch, module, name: str) -> list[None]:
    """From now on it grows by one with each call of that function of the module."""
    calls: list[None] = []
    original = getattr(module, name)

    def counted(*arguments):
        calls.append(None)
        return original(*arguments)

    monkeypatch.setattr(module, name, counted)
    return calls
