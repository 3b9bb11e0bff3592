"""A move is judged by the terms that the visit will have: its own while its type stays, those of
the new type where it changes.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from db import appointments, bookings, clinics
from domain.actors import CLINIC, Scope
from domain.appointments import Move, Via
from domain.booking import Outcome, Verb
from services import moves
from tests.support import (
    AMARA,
    ANA,
    LENA,
    MATEO,
    change,
    hold,
    monday,
    patient,
    request,
    rewrite,
)

PLACES = ("dentist_id", "appointment_type", "starts_at")


async def book(api, headers, starts_at, **fields):
    body = {
        "dentist_id": str(AMARA),
        "appointment_type": "checkup",
        "starts_at": starts_at.isoformat(),
    }
    answer = await api.post("/api/appointments", json=body | fields, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def move(api, headers, booked, **fields):
    answer = await api.put(f"/api/appointments/{booked['id']}", json=fields, headers=headers)
    return answer.status_code, answer.json()


async def terms(pool, slug: str, **columns: int | bool) -> None:
    """Edits a type; durations in minutes."""
    for column, value in columns.items():
        given = value if isinstance(value, bool) else timedelta(minutes=value)
        query = f"update appointment_types set {column} = $2 where slug = $1"
        await pool.execute(query, slug, given)


async def pin(pool, **policy: bool) -> None:
    """As if all bookings had been made under these terms."""
    await rewrite(pool, "update appointments set policy = policy || $1::jsonb", policy)


def at(hour: int, minute: int = 0) -> dict[str, str]:
    return {"starts_at": monday(hour, minute).isoformat()}


@pytest.mark.parametrize(
    ("booked_for", "edited_to", "status", "reason"),
    [(60, 30, 409, "outside_hours"), (30, 60, 200, None)],
)
async def test_a_move_near_closing_time_is_judged_by_the_length_the_visit_has(
    api, as_, pool, booked_for, edited_to, status, reason
):
    await terms(pool, "checkup", duration=booked_for)
    booked = await book(api, as_("patient", "ana"), monday(9))
    await terms(pool, "checkup", duration=edited_to)
    code, body = await move(api, as_("patient", "ana"), booked, **at(17, 30))
    assert (code, body.get("reason")) == (status, reason)
    if status == 200:
        assert body["ends_at"] == monday(18).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(("before", "after", "status"), [(0, 60, 200), (60, 0, 409)])
async def test_a_move_keeps_the_buffers_the_visit_was_booked_with(
    api, as_, pool, before, after, status
):
    await book(api, as_("patient", "ben"), monday(11))
    await terms(pool, "checkup", buffer_after=before)
    booked = await book(api, as_("patient", "ana"), monday(9))
    await terms(pool, "checkup", buffer_after=after)
    code, _ = await move(api, as_("patient", "ana"), booked, **at(10, 30))
    assert code == status


@pytest.mark.parametrize(("before", "after", "status"), [(False, True, 200), (True, False, 409)])
async def test_a_move_needs_a_chair_if_the_visit_was_booked_with_one(
    api, as_, pool, before, after, status
):
    await pool.execute("update resources set active = name = 'Chair 1' where kind = 'chair'")
    await book(api, as_("patient", "ben"), monday(11), dentist_id=str(LENA))
    await terms(pool, "checkup", needs_chair=before)
    booked = await book(api, as_("patient", "ana"), monday(9))
    await terms(pool, "checkup", needs_chair=after)
    code, _ = await move(api, as_("patient", "ana"), booked, **at(11))
    assert code == status


async def test_a_move_to_another_type_is_judged_by_that_types_terms(api, as_, pool):
    await terms(pool, "filling", duration=90, lead_time=60)
    booked = await book(api, as_("patient", "ana"), monday(9))
    code, body = await move(
        api, as_("patient", "ana"), booked, appointment_type="filling", **at(17)
    )
    assert (code, body["reason"]) == (409, "outside_hours")
    code, body = await move(
        api, as_("patient", "ana"), booked, appointment_type="filling", **at(16, 30)
    )
    assert (code, body["ends_at"][11:16]) == (200, f"{monday(18):%H:%M}")


async def test_lead_time_and_horizon_apply_to_new_starts_only(api, as_, pool):
    ana = as_("patient", "ana")
    booked = await book(api, ana, monday(9))
    for columns, reason in (
        ({"lead_time": 60 * 24 * 60}, "lead_time"),
        ({"horizon": 1}, "horizon"),
    ):
        await terms(pool, "checkup", **{"lead_time": 0, "horizon": 90 * 24 * 60} | columns)
        for dentist in (LENA, AMARA):
            code, _ = await move(api, ana, booked, dentist_id=str(dentist))
            assert code == 200
        code, body = await move(api, ana, booked, **at(10))
        assert (code, body["reason"]) == (409, reason)


@pytest.mark.parametrize("role", ["patient", "admin"])
@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize("needed_before", [True, False])
@pytest.mark.parametrize("needed_after", [True, False])
@pytest.mark.parametrize("retyped", [True, False])
async def test_move_keeps_or_requires_approval_by_its_terms(
    api, as_, pool, role, approved, needed_before, needed_after, retyped
):
    """The terms after the move decide; where they need approval, what staff move stays as is."""
    await terms(pool, "checkup", needs_approval=True)
    booked = await book(api, as_("patient", "ana"), monday(9))
    if approved:
        path = f"/api/appointments/{booked['id']}/approve"
        await api.post(path, headers=as_("admin"))
    await pin(pool, needs_approval=needed_before)
    await terms(pool, "checkup", needs_approval=not needed_before)  # which must not matter
    await terms(pool, "consultation", needs_approval=needed_after)

    wish = {"appointment_type": "consultation"} if retyped else at(10)
    code, body = await move(api, as_(role, "ana" if role == "patient" else None), booked, **wish)
    needed = needed_after if retyped else needed_before
    waits = needed and not (role == "admin" and approved)
    expected = "pending_approval" if waits else "booked"
    assert (code, body["status"]) == (200, expected)


async def test_concurrent_moves_leave_terms_of_one_type(pool):
    """Length and policy are those of the type, whoever came first."""
    await terms(pool, "cleaning", needs_approval=True)
    types = ("checkup", "cleaning", "filling", "consultation")
    id = (await hold(pool, request(monday(9)))).appointment.id
    await change(pool, id, Verb.CONFIRM)

    async def one(**wish):
        async with pool.acquire() as connection:
            command = Move(id, uuid7(), **wish)
            return await moves.reschedule(connection, command, CLINIC, Via.API, Scope())

    for n in range(12):
        wishes = [{"appointment_type": slug} for slug in types]
        wishes += [{"starts_at": monday(8 + n % 4)}, {"dentist_id": (LENA, MATEO, AMARA)[n % 3]}]
        results = await asyncio.gather(*(one(**wish) for wish in wishes))
        assert {result.outcome for result in results} <= {Outcome.DONE, Outcome.SAME}
        row = await pool.fetchrow(
            """
            select a.ends_at - a.starts_at = t.duration as whole, a.policy, t.slug
              from appointments a join appointment_types t on t.id = a.type_id
            """
        )
        async with pool.acquire() as connection:
            offer = await clinics.booking_terms(connection, AMARA, row["slug"])
        assert row["whole"]
        assert row["policy"]["needs_approval"] == offer.terms.needs_approval
        assert row["policy"]["buffer_after"] == offer.terms.buffer_after.total_seconds()


async def test_move_is_decided_again_if_its_data_changed(pool):
    """A change of the booking, of its new schedule or of its new type after the reading."""
    id = (await hold(pool, request(monday(9)))).appointment.id
    await change(pool, id, Verb.CONFIRM)
    command = Move(id, uuid7(), starts_at=monday(14))

    async def attempt(meanwhile: str | None) -> Outcome | None:
        async with pool.acquire() as connection:
            before = await appointments.get_with_policy(connection, id, Scope())
            offer = await clinics.booking_terms(connection, AMARA, "checkup")
            if meanwhile:
                await pool.execute(meanwhile)
            target = command.target(before.appointment)
            actor, seen = patient(ANA), Scope(patient_id=ANA)
            moved = await bookings.move(
                connection, command, target, offer, before, None, actor, Via.API, seen
            )
            return moved and moved.outcome

    for meanwhile in (
        "update appointments set version = version + 1, verb = 'edit', command_id = null",
        "delete from weekly_hours where weekday = 0",
        "update appointment_types set duration = '2 hours'",
        "update dentists set bookable = bookable",
    ):
        assert await attempt(meanwhile) is None, meanwhile
    assert await attempt(None) is Outcome.DONE


async def test_a_put_that_moves_nothing_is_an_edit_whatever_the_schedule_says(api, as_, pool):
    ana = as_("patient", "ana", **{"Idempotency-Key": "k"})
    booked = await book(api, as_("patient", "ana"), monday(9))
    await pool.execute("delete from weekly_hours")
    await pin(pool, needs_approval=True)
    kept = {name: booked[name] for name in PLACES}
    for _ in range(2):
        code, body = await move(api, ana, booked, notes="bring x-ray", **kept)
        assert (code, body["status"], body["notes"]) == (200, "booked", "bring x-ray")
        assert body["version"] == booked["version"] + 1
    history = await api.get(f"/api/appointments/{booked['id']}/history", headers=ana)
    assert [line["verb"] for line in history.json()] == ["hold", "confirm", "edit"]


async def test_the_history_has_the_old_start_of_a_move_to_another_time_only(api, as_):
    booked = await book(api, as_("patient", "ana"), monday(9))
    ana = as_("patient", "ana")
    for fields in (at(10), {"dentist_id": str(LENA)}, {"notes": "x-ray"}, at(11)):
        code, _ = await move(api, as_("patient", "ana"), booked, **fields)
        assert code == 200
    history = (await api.get(f"/api/appointments/{booked['id']}/history", headers=ana)).json()
    moved = [datetime.fromisoformat(line["moved_from"]) for line in history if "moved_from" in line]
    assert moved == [monday(9), monday(10)]
    assert [line["verb"] for line in history if "moved_from" in line] == ["reschedule"] * 2


async def test_move_is_repeatable_after_its_dentist_left(api, as_, pool):
    ana = as_("patient", "ana", **{"Idempotency-Key": "k"})
    booked = await book(api, as_("patient", "ana"), monday(9))
    _, first = await move(api, ana, booked, dentist_id=str(LENA))
    await pool.execute("update dentists set bookable = false where profile_id = $1", LENA)
    code, again = await move(api, ana, booked, dentist_id=str(LENA))
    assert (code, again) == (200, first)
    code, refused = await move(
        api, as_("patient", "ana"), booked, dentist_id=str(UUID(int=7)), **at(14)
    )
    assert (code, refused["errors"][0]["field"]) == (422, "dentist_id")


async def test_a_pending_request_keeps_its_time_where_its_move_is_refused(api, as_, pool):
    await terms(pool, "checkup", needs_approval=True)
    booked = await book(api, as_("patient", "ana"), monday(9))
    before = await pool.fetchrow("select * from appointments")
    code, _ = await move(api, as_("patient", "ana"), booked, **at(12, 30))
    assert code == 409
    assert await pool.fetchrow("select * from appointments") == before
    assert before["approval_expires_at"] - before["created_at"] < timedelta(days=2)


async def test_a_move_is_made_though_its_type_is_renamed_at_that_moment(
    api, as_, pool, monkeypatch
):
    """The slug that was read with the booking is that of no type by the time of the offer."""
    ana, read, renamed = as_("patient", "ana"), clinics.booking_terms, []
    booked = await book(api, ana, monday(9))

    async def renamed_before(*wish):
        if not renamed:
            query = "update appointment_types set slug = 'renamed' where slug = 'checkup'"
            renamed.append(await pool.execute(query))
        return await read(*wish)

    monkeypatch.setattr(clinics, "booking_terms", renamed_before)
    code, moved = await move(api, ana, booked, **at(14))
    assert (code, moved.get("appointment_type"), len(renamed)) == (200, "renamed", 1)
