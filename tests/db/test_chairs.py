"""A visit finds a chair unless every chair is in use at some instant of it."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from activities import booking
from api import offers
from db import claims, clinics, demo, standings
from db.pool import Connection, Pool
from domain.actors import CLINIC
from domain.appointments import Result, Via
from domain.booking import Outcome
from domain.explain import explain
from domain.schedules import Reason
from tests.support import BEN, LENA, MATEO, monday, request

A_MINUTE, A_DAY = timedelta(minutes=1), timedelta(days=1)
NEWCOMER = demo.person_id("patient", "chloe")
EXCHANGE = ("held", "pending_approval", "booked")
PRESENT = ("checked_in", "in_treatment")
EACH_IN_A_TRANSACTION = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


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

    @property
    def busy(self) -> range:
        return range(self.wish - self.before, self.wish + self.lasts + self.after)

    @property
    def full(self) -> bool:
        """Whether at some instant of the wish as many visits are there as chairs."""
        counts = Counter(
            minute
            for visit in self.visits
            if visit.live
            for minute in range(visit.starts, visit.ends)
        )
        return any(counts[minute] >= self.chairs for minute in self.busy)


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
    )


SPLIT = (Planted(0, 60, 0), Planted(60, 120, 1))


@EACH_IN_A_TRANSACTION
@given(scenes([*EXCHANGE, "booked", "overdue"]))
@example(Scene(2, SPLIT, wish=30, lasts=60))
@example(Scene(2, SPLIT, wish=30, lasts=60, soon=True))
async def test_no_chair_is_said_only_where_every_chair_is_in_use_at_some_instant(pool, scene):
    async with played(pool, scene) as (connection, start):
        result = await wish(connection, start)
        expected = Outcome.NO_CHAIR if scene.full else Outcome.DONE
        assert result.outcome is expected
        await assert_nobody_lost_a_chair(connection, scene, result)


@EACH_IN_A_TRANSACTION
@given(scenes([*EXCHANGE, *PRESENT, "overdue"]))
@example(Scene(2, (Planted(0, 60, 0), Planted(60, 120, 1, "checked_in")), wish=30, lasts=60))
@example(Scene(2, (Planted(0, 60, 0, "checked_in"), Planted(60, 120, 1)), wish=30, lasts=60))
async def test_search_explain_and_hold_agree_and_who_is_checked_in_keeps_the_chair(pool, scene):
    async with played(pool, scene) as (connection, start):
        offered, explained = await seen_by_search(connection, start), await why(connection, start)
        result = await wish(connection, start)
        assert result.outcome in (Outcome.DONE, Outcome.NO_CHAIR)
        assert offered == (result.outcome is Outcome.DONE)
        assert explained == ([] if offered else [Reason.NO_CHAIR])
        if result.outcome is Outcome.NO_CHAIR and not scene.full:
            assert any(visit.status in PRESENT for visit in scene.visits)
        await assert_nobody_lost_a_chair(connection, scene, result)


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
    await standings.add_patient(connection, NEWCOMER)
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
                    hold_expires_at, approval_expires_at, policy, caller, verb, actor, via)
            values ($1, $2, $3, $4, $5, $6, $7, $8,
                    clock_timestamp() + make_interval(secs => $9),
                    clock_timestamp() + interval '1 hour', '{}', $4, 'hold', 'patient', 'sweep')
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
        )
        await connection.execute(
            "insert into slot_reservations values ($1, $2, tstzrange($3, $4))",
            visit.id,
            nos[visit.chair],
            starts,
            ends,
        )
    return zero + scene.wish * A_MINUTE


async def wish(connection: Connection, start: datetime) -> Result:
    command = request(start, dentist_id=LENA, patient_id=NEWCOMER, caller=NEWCOMER, limits=None)
    return await booking.hold(connection, command, CLINIC, Via.API)


async def seen_by_search(connection: Connection, start: datetime) -> bool:
    found = await clinics.offers(connection, "checkup", dentist_ids=[LENA])
    day: date = start.date() - A_DAY
    slots = await offers.search(connection, found, offers.Asked(day, 3))
    return start in {slot.starts_at for slot, _ in slots}


async def why(connection: Connection, start: datetime) -> list[Reason]:
    [offer] = await clinics.offers(connection, "checkup", dentist_ids=[LENA])
    taken = await claims.between(
        connection, [offer.dentist_no], [offer.clinic_id], start - 2 * A_DAY, start + 2 * A_DAY
    )
    busy, chairs = taken.dentists[offer.dentist_no], taken.chairs[offer.clinic_id]
    return [finding.reason for finding in explain(offer, start, busy, chairs)]


async def assert_nobody_lost_a_chair(connection: Connection, scene: Scene, result: Result) -> None:
    """Each live visit has one chair for its whole time; whoever got another has a version and a
    transition for it, and nobody else has.
    """
    now = await connection.fetchval("select clock_timestamp()")
    rows = await connection.fetch(
        """
        select a.id, a.version, a.status, s.during, r.name, t.verbs,
               (select count(*) from slot_reservations x
                 where x.appointment_id = a.id and x.active) as claims
          from appointments a
          left join slot_reservations s on s.appointment_id = a.id and s.active
          left join resources r on r.no = s.resource_no and r.kind = 'chair'
         cross join lateral (select array_agg(verb order by version) as verbs
                               from appointment_transitions where appointment_id = a.id) t
         where a.id = any($1)
        """,
        [visit.id for visit in scene.visits],
    )
    found = {row["id"]: row for row in rows}
    for visit in scene.visits:
        row = found[visit.id]
        if not visit.live and row["status"] == "expired":
            continue
        moved = row["name"] != f"Planted {visit.chair}"
        assert row["claims"] == 1
        assert row["during"].upper - row["during"].lower == (visit.ends - visit.starts) * A_MINUTE
        assert row["verbs"] == (["hold", "assign_chair"] if moved else ["hold"])
        assert row["version"] == len(row["verbs"])
        if moved:
            assert result.outcome is Outcome.DONE
            assert visit.status in EXCHANGE
            assert row["during"].lower > now - A_MINUTE
