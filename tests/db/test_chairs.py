"""A visit finds a chair unless every chair is in use at some instant of it."""

from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from uuid_utils.compat import uuid7

from db import claims, clinics
from db.pool import Connection, Pool
from domain.actors import CLINIC, Scope
from domain.appointments import Change, Move, Result, Via
from domain.booking import Outcome, Verb
from domain.events import Kind
from domain.explain import Finding, explain
from domain.schedules import Reason
from services import booking, moves, slot_search
from tests.chairs import A_MINUTE, Planted, Scene, chair_of, played, scenes, wish
from tests.support import LENA

A_DAY = timedelta(days=1)
EXCHANGE = ("held", "pending_approval", "booked")
PRESENT = ("checked_in", "in_treatment")
EACH_IN_A_TRANSACTION = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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


@EACH_IN_A_TRANSACTION
@given(scenes([*EXCHANGE, "booked", "overdue"]))
@example(Scene(2, (*SPLIT, Planted(120, 180, 1)), wish=180, lasts=60, move=-150))
@example(Scene(2, (*SPLIT, Planted(60, 90, 0)), wish=-30, lasts=30, move=30))
async def test_a_move_finds_a_chair_as_a_hold_does_without_its_own(pool, scene):
    async with played(pool, scene) as (connection, start):
        held = await wish(connection, start)
        if held.outcome is not Outcome.DONE:
            return
        await booking.change(
            connection, Change(held.appointment.id, Verb.CONFIRM, uuid7()), CLINIC, Via.API
        )
        to = start + scene.move * A_MINUTE
        command = Move(held.appointment.id, uuid7(), starts_at=to)
        moved = await moves.reschedule(connection, command, CLINIC, Via.API, Scope())
        expected = Outcome.NO_CHAIR if scene.full_after(scene.move) else Outcome.DONE
        assert moved.outcome is expected
        await assert_nobody_lost_a_chair(connection, scene, held, moved)


async def test_chair_with_the_tightest_gap_is_taken_first(pool: Pool):
    """Chair 1 is free all day, chair 2 is used until 9:30, chair 3 until 10:00 and from 11:00."""
    visits = (Planted(-60, 30, 1), Planted(0, 60, 2), Planted(120, 180, 2))
    async with played(pool, Scene(3, visits, wish=60, lasts=60)) as (connection, start):
        assert await chair_of(connection, (await wish(connection, start)).appointment.id) == 2
    async with played(pool, Scene(3, visits, wish=180, lasts=60)) as (connection, start):
        assert await chair_of(connection, (await wish(connection, start)).appointment.id) == 2
    async with played(pool, Scene(3, visits, wish=35, lasts=25)) as (connection, start):
        assert await chair_of(connection, (await wish(connection, start)).appointment.id) == 1


async def test_visits_on_a_chair_that_is_switched_off_stay_there(pool: Pool):
    async with played(pool, Scene(2, SPLIT, wish=30, lasts=60)) as (connection, start):
        await connection.execute("update resources set active = false where name = 'Planted 1'")
        assert await why(connection, start) == [Reason.NO_CHAIR]
        refused = await wish(connection, start)
        assert refused.outcome is Outcome.NO_CHAIR
        await assert_nobody_lost_a_chair(connection, Scene(2, SPLIT, wish=30, lasts=60), refused)
        assert (await wish(connection, start + 30 * A_MINUTE)).outcome is Outcome.DONE


async def test_chair_exchange_is_an_event_of_the_booking_only(pool: Pool):
    async with played(pool, Scene(2, SPLIT, wish=30, lasts=60)) as (connection, start):
        await connection.execute("delete from outbox")
        held = (await wish(connection, start)).appointment
        told = await connection.fetch("select kind, entity_id, version from outbox order by id")
        moved = SPLIT[1].id
        assert [tuple(row) for row in told] == [
            (Kind.CHAIR_ASSIGNED, moved, 2),
            (Kind.HELD, held.id, 1),
            (Kind.SLOT_HELD, LENA, None),
        ]
        trail = await connection.fetchrow(
            """
            select verb, actor, via, from_status, to_status, command_id
              from appointment_transitions where appointment_id = $1 and version = 2
            """,
            moved,
        )
        assert tuple(trail) == ("assign_chair", "system", "sweep", "booked", "booked", None)
        inbox = await connection.fetchval(
            "select count(*) from workflow_inbox where appointment_id = $1", moved
        )
        assert inbox == 0


async def test_after_an_exchange_a_booking_lives_on_as_before(pool: Pool):
    visits = (Planted(0, 60, 0), Planted(60, 120, 1, "held"))
    async with played(pool, Scene(2, visits, wish=30, lasts=60)) as (connection, start):
        assert (await wish(connection, start)).outcome is Outcome.DONE
        moved = visits[1].id
        assert await chair_of(connection, moved) == 0
        state, settled = await booking.act_on_deadlines(connection, moved, Via.WORKFLOW)
        assert state is not None
        assert (state.status, state.version, state.due, settled) == ("held", 2, "hold", False)
        for verb in (Verb.CONFIRM, Verb.CANCEL):
            command = Change(moved, verb, uuid7())
            result = await booking.change(connection, command, CLINIC, Via.WORKFLOW)
            assert result.outcome is Outcome.DONE


async def test_explain_says_when_a_chair_may_be_free_again(pool: Pool):
    visits = (Planted(0, 60, 0), Planted(30, 60, 1, "held"), Planted(60, 90, 1, "held"))
    async with played(pool, Scene(2, visits, wish=30, lasts=30)) as (connection, start):
        until = await connection.fetchval(
            "select hold_expires_at from appointments where id = $1", visits[1].id
        )
        [finding] = await findings(connection, start)
        assert (finding.reason, finding.held_until) == (Reason.NO_CHAIR, until)
        await connection.execute(
            """
            update appointments set status = 'booked', version = version + 1, verb = 'confirm'
             where status = 'held'
            """
        )
        [finding] = await findings(connection, start)
        assert (finding.reason, finding.held_until) == (Reason.NO_CHAIR, None)


async def seen_by_search(connection: Connection, start: datetime) -> bool:
    found = await clinics.all_booking_terms(connection, "checkup", dentist_ids=[LENA])
    day: date = start.date() - A_DAY
    slots = await slot_search.search(connection, found, slot_search.Asked(day, 3))
    return start in {slot.starts_at for slot, _ in slots}


async def why(connection: Connection, start: datetime) -> list[Reason]:
    return [finding.reason for finding in await findings(connection, start)]


async def findings(connection: Connection, start: datetime) -> list[Finding]:
    [offer] = await clinics.all_booking_terms(connection, "checkup", dentist_ids=[LENA])
    taken = await claims.between(
        connection, [offer.dentist_no], [offer.clinic_id], start - 2 * A_DAY, start + 2 * A_DAY
    )
    busy, chairs = taken.dentists[offer.dentist_no], taken.chairs[offer.clinic_id]
    return explain(offer, start, busy, chairs)


async def assert_nobody_lost_a_chair(
    connection: Connection, scene: Scene, *results: Result
) -> None:
    """Each live visit has one chair for its whole time. Each of the commands with these results, if
    it was carried out, may have given a visit another chair, with a version and a transition.
    """
    carried_out = sum(result.outcome is Outcome.DONE for result in results)
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
        exchanges = row["version"] - 1
        assert row["verbs"] == ["hold", *["assign_chair"] * exchanges]
        assert exchanges in range(1 if moved else 0, carried_out + 1)
        assert moved or exchanges != 1
        if moved:
            assert visit.status in EXCHANGE
            assert row["during"].lower > now - A_MINUTE
