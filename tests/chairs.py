"""Chairs with visits on them, planted as if they had always been there, and one wish."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from db import account_status, demo
from db.pool import Connection, Pool
from domain.actors import CLINIC
from domain.appointments import Result, Via
from services import booking
from tests.support import BEN, LENA, MATEO, monday, patient, request

A_MINUTE = timedelta(minutes=1)
NEWCOMER = demo.person_id("patient", "chloe")


@dataclass(frozen=True)
class Planted:
    """A visit's claim on a chair, in minutes from the start of the scene."""

    starts: int
    ends: int
    chair: int
    status: str = "booked"
    id: UUID = field(default_factory=uuid7, compare=False)

    @property
    def live(self) -> bool:
        return self.status != "overdue"


@dataclass(frozen=True)
class Scene:
    """Visits on the chairs of a clinic, each chair without overlaps, and a wish with its buffers.
    `soon`: minute 0 is less than two minutes ahead; else it is next Monday.
    """

    chairs: int
    visits: tuple[Planted, ...]
    wish: int
    lasts: int
    before: int = 0
    after: int = 0
    soon: bool = False
    move: int = 0
    """By how many minutes the visit is then moved."""

    @property
    def busy(self) -> range:
        return range(self.wish - self.before, self.wish + self.lasts + self.after)

    @property
    def full(self) -> bool:
        """Whether at some instant of the wish as many visits are there as chairs."""
        return self.full_after(0)

    def full_after(self, minutes: int) -> bool:
        """The same for the wish so many minutes later."""
        counts = Counter(
            minute
            for visit in self.visits
            if visit.live
            for minute in range(visit.starts, visit.ends)
        )
        return any(counts[minute + minutes] >= self.chairs for minute in self.busy)


@st.composite
def scenes(draw: st.DrawFn, statuses: Sequence[str]) -> Scene:
    chairs = draw(st.integers(1, 4))
    visits: list[Planted] = []
    for _ in range(draw(st.integers(0, 14))):
        starts = 5 * draw(st.integers(-12, 40))
        ends = starts + 5 * draw(st.integers(1, 14))
        chair = draw(st.integers(0, chairs - 1))
        if all(v.chair != chair or v.ends <= starts or ends <= v.starts for v in visits):
            visits.append(Planted(starts, ends, chair, draw(st.sampled_from(statuses))))
    return Scene(
        chairs,
        tuple(visits),
        wish=5 * draw(st.integers(0, 24)),
        lasts=5 * draw(st.integers(1, 14)),
        before=5 * draw(st.sampled_from([0, 0, 1, 3])),
        after=5 * draw(st.sampled_from([0, 0, 1, 4])),
        soon=draw(st.booleans()),
        move=5 * draw(st.integers(1, 12)),
    )


@asynccontextmanager
async def played(pool: Pool, scene: Scene) -> AsyncIterator[tuple[Connection, datetime]]:
    """The scene in a transaction that is never committed, and the start of its wish."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield connection, await planted(connection, scene)
        finally:
            await transaction.rollback()


async def planted(connection: Connection, scene: Scene) -> datetime:
    now = await connection.fetchval("select clock_timestamp()")
    zero = now.replace(second=0, microsecond=0) + 2 * A_MINUTE if scene.soon else monday(9)
    await account_status.add_patient(connection, NEWCOMER)
    await connection.execute("update clinics set slot_grid_minutes = 1")
    await connection.execute("delete from weekly_hours")
    await connection.execute("delete from schedule_exceptions")
    await connection.execute(
        """
        insert into weekly_hours (resource_no, weekday, starts, ends)
        select resource_no, day, '00:00', '00:00' from dentists, generate_series(0, 6) day
        """
    )
    await connection.execute("update resources set active = false where kind = 'chair'")
    nos = [
        await connection.fetchval(
            """
            insert into resources (clinic_id, kind, name) values ($1, 'chair', $2) returning no
            """,
            demo.CLINIC,
            f"Planted {n}",
        )
        for n in range(scene.chairs)
    ]
    await connection.execute(
        """
        update appointment_types
           set duration = $1, buffer_before = $2, buffer_after = $3, lead_time = '0'
         where slug = 'checkup'
        """,
        scene.lasts * A_MINUTE,
        scene.before * A_MINUTE,
        scene.after * A_MINUTE,
    )
    type_id = await connection.fetchval("select id from appointment_types where slug = 'checkup'")
    for visit in scene.visits:
        starts, ends = zero + visit.starts * A_MINUTE, zero + visit.ends * A_MINUTE
        await connection.execute(
            """
            insert into appointments
                   (id, clinic_id, dentist_id, patient_id, type_id, status, starts_at, ends_at,
                    hold_expires_at, approval_expires_at, policy, caller, maker, verb, actor, via)
            values ($1, $2, $3, $4, $5, $6, $7, $8,
                    clock_timestamp() + make_interval(secs => $9),
                    clock_timestamp() + interval '1 hour', '{}', $4, $10, 'hold', $10, 'sweep')
            """,
            visit.id,
            demo.CLINIC,
            MATEO,
            BEN,
            type_id,
            visit.status if visit.live else "held",
            starts,
            ends,
            300.0 if visit.live else -1.0,
            str(patient(BEN)),
        )
        await connection.execute(
            "insert into slot_reservations (appointment_id, resource_no, during)"
            " values ($1, $2, tstzrange($3, $4))",
            visit.id,
            nos[visit.chair],
            starts,
            ends,
        )
    return zero + scene.wish * A_MINUTE


async def wish(connection: Connection, start: datetime) -> Result:
    command = request(start, dentist_id=LENA, patient_id=NEWCOMER, caller=NEWCOMER, limits=None)
    return await booking.hold(connection, command, CLINIC, Via.API)


async def chair_of(connection: Connection, id: UUID) -> int:
    """Which of the planted chairs a visit has."""
    name: str = await connection.fetchval(
        """
        select r.name from slot_reservations s join resources r on r.no = s.resource_no
         where s.appointment_id = $1 and s.active and r.kind = 'chair'
        """,
        id,
    )
    return int(name.removeprefix("Planted "))
