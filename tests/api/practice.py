"""A small practice in New York with visits of the past, written as rows: for figures that are
computed by hand.
"""

from datetime import datetime, time, timedelta
from uuid import uuid5
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from db import demo, schedules
from db.demo import NAMESPACE, person_id
from db.pool import Pool
from domain.hours import ExceptionKind, ScheduleException
from tests.support import BEN, rewrite

PRACTICE = uuid5(NAMESPACE, "clinic:practice")
GRACE, OLIVER = person_id("dentist", "grace"), person_id("dentist", "oliver")
ZONE = ZoneInfo("America/New_York")
TYPE = uuid5(PRACTICE, "type:checkup")

FRIDAY, SATURDAY, SUNDAY, MONDAY = (f"2026-03-{day:02}" for day in (6, 7, 8, 9))
"""On this Sunday the clocks go from 02:00 to 03:00."""

INSERT = """
    insert into appointments
           (id, clinic_id, dentist_id, patient_id, type_id, status, starts_at, ends_at, created_at,
            booked_at, hold_expires_at, approval_expires_at, policy, caller, maker, verb, actor,
            via)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11,
            '{"buffer_before": 0, "buffer_after": 600, "cancel_notice": 0}', $4, 'patient', 'hold',
            'system', 'api')
"""


async def add_practice(pool: Pool) -> None:
    """Dr. Grace, who works from Monday to Friday from 8 to 12 and from 13 to 18, and on Saturdays
    until 12; and Dr. Oliver, the same, but who takes no bookings any more.
    """
    async with pool.acquire() as connection:
        await demo.add_clinic(connection, PRACTICE, "Practice", ZONE.key)
        await demo.add_type(connection, PRACTICE, TYPE, demo.TYPES[0])
        for name in ("grace", "oliver"):
            await demo.add_dentist(
                connection, PRACTICE, name, f"Dr. {name.capitalize()}", "General"
            )
        await connection.execute(
            "update dentists set bookable = false where profile_id = $1", OLIVER
        )


async def block(pool: Pool, day: str, kind: str, starts: str, ends: str) -> None:
    """Adds an exception to the hours of Dr. Grace."""
    times = (time.fromisoformat(starts), time.fromisoformat(ends))
    on = datetime.fromisoformat(day).date()
    async with pool.acquire() as connection:
        known = await schedules.of(connection, GRACE)
        assert known
        own = [each for each in known.hours.exceptions if not each.clinic_wide]
        added = ScheduleException(on, *times, ExceptionKind(kind))
        await schedules.replace_own(connection, known, known.hours.weekly, [*own, added])


async def add_visit(
    pool: Pool,
    day: str,
    at: str,
    minutes: int,
    status: str,
    *,
    booked: timedelta | None = timedelta(days=1),
    created: datetime | None = None,
    until: str = "2026-01-01T00:00Z",
    dentist=GRACE,
) -> None:
    """A visit that starts at this local time. `booked`: how long before its start; `until`: the
    deadline of a hold or request.
    """
    starts_at = local(day, at)
    booked_at = None if booked is None else starts_at - booked
    await rewrite(
        pool,
        INSERT,
        *(uuid7(), PRACTICE, dentist, BEN, TYPE, status),
        *(starts_at, starts_at + timedelta(minutes=minutes)),
        *(created or booked_at or starts_at, booked_at, datetime.fromisoformat(until)),
    )


def local(day: str, at: str) -> datetime:
    """An instant by the practice's clock; `at` may have seconds."""
    return datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=ZONE)
