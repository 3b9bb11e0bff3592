"""What is offered to a visit that moves is what its move is granted: by its own terms, without its
own claims in the way.
"""

import random
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from uuid_utils.compat import uuid7

from db import appointments, clinics
from db.pool import Connection
from domain.actors import CLINIC, Actor, Scope, scope
from domain.appointments import Move, Via
from domain.booking import Outcome, Status, Verb
from domain.patient_limits import Limits
from services import moves, slot_search
from tests.support import AMARA, ANA, BEN, LENA, change, hold, monday, patient, request, rewrite

BOOK, SLOTS = "/api/appointments", "/api/availability/slots"


async def book(api, headers, starts_at, **more):
    asked = {"dentist_id": str(AMARA), "appointment_type": "checkup", "patient_id": str(ANA)}
    body = asked | {"starts_at": starts_at.isoformat()} | more
    answer = await api.post(BOOK, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def offered(api, headers, moving=None, dentist=AMARA, kind="checkup", day=None):
    """The free starts of a day, which list and search agree on."""
    asked = {"appointment_type": kind, "date": str((day or monday(9)).date())}
    if moving:
        asked |= {"moving": moving["id"]}
    found = await api.get(f"/api/availability/{dentist}/slots", params=asked, headers=headers)
    assert found.status_code == 200, found.text
    searched = await api.get(SLOTS, params=asked | {"dentist_id": str(dentist)}, headers=headers)
    assert searched.json()["items"] == found.json()
    return {datetime.fromisoformat(slot["starts_at"]) for slot in found.json()}


async def reasons(api, headers, starts_at, moving=None, dentist=AMARA, kind="checkup"):
    asked = {"appointment_type": kind, "starts_at": starts_at.isoformat()}
    if moving:
        asked |= {"moving": moving["id"]}
    answer = await api.get(f"/api/availability/{dentist}/explain", params=asked, headers=headers)
    return [each["reason"] for each in answer.json()["reasons"]]


async def test_moving_visit_does_not_block_itself(api, as_, pool):
    ana = as_("patient", "ana")
    await pool.execute("update appointment_types set duration = '1 hour'")
    booked = await book(api, ana, monday(9))
    for starts_at in (monday(9), monday(9, 30)):
        assert starts_at not in await offered(api, ana)
        assert starts_at in await offered(api, ana, booked)
        assert await reasons(api, ana, starts_at) == ["booked"]
        assert await reasons(api, ana, starts_at, booked) == []


async def test_moving_visit_may_use_its_own_chair(api, as_, pool):
    await pool.execute("update resources set active = name = 'Chair 1' where kind = 'chair'")
    ana = as_("patient", "ana")
    booked = await book(api, ana, monday(9))
    assert monday(9) not in await offered(api, ana, dentist=LENA)
    assert monday(9) in await offered(api, ana, booked, dentist=LENA)
    assert await reasons(api, ana, monday(9), dentist=LENA) == ["no_chair"]
    assert await reasons(api, ana, monday(9), booked, dentist=LENA) == []


async def test_alternatives_of_a_refused_move_leave_its_own_claims_out(api, as_, pool):
    """The visit fits nowhere but around its own time, which itself is no alternative."""
    await pool.execute("update appointment_types set duration = '1 hour', buffer_after = '0'")
    await pool.execute("delete from weekly_hours where weekday <> 0 or starts <> '08:00'")
    await pool.execute("update weekly_hours set starts = '09:00', ends = '11:00'")
    ana = as_("patient", "ana")
    booked = await book(api, ana, monday(9, 30))
    asked = {"starts_at": monday(14).isoformat()}
    refused = await api.put(f"{BOOK}/{booked['id']}", json=asked, headers=ana)
    assert refused.status_code == 409
    found = {datetime.fromisoformat(a["starts_at"]) for a in refused.json()["alternatives"]}
    assert found == {monday(9, 45), monday(10)} | {monday(9, 15)}
    best = {"starts_at": monday(10).isoformat()}
    assert (await api.put(f"{BOOK}/{booked['id']}", json=best, headers=ana)).status_code == 200


@pytest.mark.parametrize(("booked_for", "edited_to"), [(60, 15), (15, 60)])
async def test_refused_move_finds_own_blocking_booking_by_pinned_length(
    api, as_, pool, booked_for, edited_to
):
    async def lasts(minutes: int) -> None:
        query = "update appointment_types set duration = $1 where slug = 'checkup'"
        await pool.execute(query, timedelta(minutes=minutes))

    ana = as_("patient", "ana")
    await lasts(booked_for)
    booked = await book(api, ana, monday(9))
    other = await book(api, ana, monday(11), appointment_type="consultation")
    await lasts(edited_to)
    asked = {"starts_at": monday(10, 15).isoformat()}
    moved = await api.put(f"{BOOK}/{booked['id']}", json=asked, headers=ana)
    if booked_for == 15:
        assert moved.status_code == 200
        return
    assert (moved.status_code, moved.json()["code"]) == (409, "slot_unavailable")
    assert (moved.json()["yours"], moved.json()["appointment_id"]) == (True, other["id"])


@pytest.mark.parametrize("actor", [patient(ANA), CLINIC], ids=["patient", "staff"])
@pytest.mark.parametrize("seed", range(8))
async def test_slots_offered_to_a_move_are_those_it_can_take(pool, seed: int, actor: Actor) -> None:
    """After any change of its type, with others at work: by time, dentist and type."""
    dice = random.Random(seed)
    id = (await hold(pool, request(monday(dice.choice([9, 10, 14]))))).appointment.id
    await change(pool, id, Verb.CONFIRM)
    for hour in dice.sample([8, 9, 10, 11, 13, 14, 15, 16], 4):
        who = {"dentist_id": dice.choice([AMARA, LENA]), "patient_id": BEN, "caller": BEN}
        await hold(pool, request(monday(hour), limits=Limits(), **who))
    await other_terms(pool, dice)
    async with pool.acquire() as connection:
        before = await appointments.get_with_policy(connection, id, Scope())
        for dentist in (AMARA, LENA):
            for kind in ("checkup", "filling"):
                offer = await clinics.booking_terms(connection, dentist, kind, actor)
                asked = slot_search.Asked(monday(9).date())
                found = await slot_search.search(
                    connection, [before.terms_after_move(offer)], asked
                )
                free = {slot.starts_at for slot, _ in found}
                for quarter in range(7 * 4, 19 * 4):
                    starts_at = monday(quarter // 4, quarter % 4 * 15)
                    move = Move(id, uuid7(), dentist, starts_at, kind)
                    outcome = await tried(connection, move, actor)
                    if outcome is not Outcome.PATIENT_OVERLAP:
                        granted = outcome in (Outcome.DONE, Outcome.SAME)
                        assert granted == (starts_at in free), (kind, starts_at, outcome)


async def other_terms(pool, dice: random.Random) -> None:
    """Other terms of the type, a single chair, and often a lead time that ends amid the day."""
    await pool.execute("update resources set active = name = 'Chair 1' where kind = 'chair'")
    lead = monday(12) - await pool.fetchval("select now()")
    await pool.execute(
        """
        update appointment_types
           set duration = $1, buffer_after = $2, buffer_before = $3, needs_chair = $4,
               lead_time = $5
        """,
        timedelta(minutes=dice.choice([15, 30, 90])),
        timedelta(minutes=dice.choice([0, 20])),
        timedelta(minutes=dice.choice([0, 20])),
        dice.choice([True, False]),
        dice.choice([timedelta(), lead]),
    )


async def tried(connection: Connection, move: Move, actor: Actor) -> Outcome:
    """What a move comes to; it leaves nothing behind."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        moved = await moves.reschedule(connection, move, actor, Via.API, scope(actor))
        return moved.outcome
    finally:
        await attempt.rollback()


@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        ("patient", "ana", 200),
        ("patient", "ben", 404),
        ("dentist", "amara", 200),
        ("dentist", "lena", 404),
        ("agent", "chatbot", 404),
        ("admin", None, 200),
    ],
)
async def test_moving_parameter_needs_a_visible_booking(api, as_, role, name, status):
    booked = await book(api, as_("patient", "ana"), monday(9))
    headers = as_(role, name)
    starts = {"starts_at": monday(9).isoformat()}
    paths = (
        (f"/api/availability/{AMARA}/slots", {}),
        (SLOTS, {}),
        (f"/api/availability/{AMARA}/explain", starts),
    )
    for path, more in paths:
        for id, expected in ((booked["id"], status), (str(uuid4()), 404)):
            asked = {"appointment_type": "checkup", "moving": id} | more
            answer = await api.get(path, params=asked, headers=headers)
            assert answer.status_code == expected


def asked_to_move(booked, dentist=AMARA):
    """Every question that takes `moving`, about 14:00."""
    asked = {"appointment_type": "checkup", "moving": booked["id"]}
    return (
        (f"/api/availability/{dentist}/slots", asked | {"date": str(monday(9).date())}),
        (SLOTS, asked | {"date": str(monday(9).date())}),
        (f"/api/availability/{dentist}/explain", asked | {"starts_at": monday(14).isoformat()}),
    )


@pytest.mark.parametrize("caller", [("patient", "ana"), ("admin", None)])
@pytest.mark.parametrize("status", [status for status in Status if status is not Status.HELD])
async def test_booking_that_cannot_move_is_refused_with_the_reason(api, as_, pool, status, caller):
    """By its state, as by PUT."""
    headers = as_(*caller)
    booked = await book(api, as_("patient", "ana"), monday(9))
    query = "update appointments set status = $1, approval_expires_at = starts_at"
    await rewrite(pool, query, status)
    answers = [await api.get(path, params=q, headers=headers) for path, q in asked_to_move(booked)]
    asked = {"starts_at": monday(14).isoformat()}
    moved = await api.put(f"{BOOK}/{booked['id']}", json=asked, headers=headers)
    assert {answer.status_code for answer in answers} == {moved.status_code}
    if not moved.is_success:
        assert {answer.json()["code"] for answer in answers} == {"invalid_transition"}
        assert all(answer.json()["allowed"] == moved.json()["allowed"] for answer in answers)


@pytest.mark.parametrize(
    ("caller", "status"), [(("patient", "ana"), 409), (("admin", None), 200)], ids=["ana", "admin"]
)
async def test_slot_list_refuses_a_move_after_the_notice(api, as_, pool, caller, status):
    booked = await book(api, as_("patient", "ana"), monday(9))
    await rewrite(
        pool, """update appointments set policy = policy || '{"cancel_notice": 8000000}'"""
    )
    for path, asked in asked_to_move(booked):
        answer = await api.get(path, params=asked, headers=as_(*caller))
        assert answer.status_code == status
        if status == 409:
            problem = answer.json()
            assert (problem["code"], "move" in problem["detail"]) == ("too_late_to_cancel", True)


async def test_a_request_that_was_not_approved_in_time_is_told_other_times(api, as_, pool):
    ana = as_("patient", "ana")
    booked = await book(api, ana, monday(9))
    await rewrite(
        pool,
        """
        update appointments set status = 'pending_approval',
               approval_expires_at = clock_timestamp() - interval '1 second'
        """,
    )
    asked = {"starts_at": monday(14).isoformat()}
    late = await api.put(f"{BOOK}/{booked['id']}", json=asked, headers=ana)
    assert (late.status_code, len(late.json()["alternatives"])) == (410, 3)
