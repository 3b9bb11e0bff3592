"""What the commands promise, against the real database."""

from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from db import booking_state
from domain.actors import CLINIC, Scope
from domain.appointments import Change, Via
from domain.booking import MAX_EXTENSIONS, Outcome, Status, Verb
from domain.schedules import Reason
from services import booking
from tests.support import ANA, BEN, LENA, change, hold, key, monday, overdue, patient, request


async def test_a_free_slot_is_held_for_five_minutes(pool):
    result = await hold(pool, request(monday(9)))
    assert result.outcome is Outcome.DONE
    assert result.appointment.status is Status.HELD
    assert result.appointment.expires_in_seconds == pytest.approx(300, abs=1)


async def test_a_held_slot_is_refused_to_others_with_the_time_it_may_be_free(pool):
    first = await hold(pool, request(monday(9)))
    second = await hold(pool, request(monday(9, 15), patient_id=BEN, caller=BEN))
    assert second.outcome is Outcome.SLOT
    assert second.blocking == "held"
    assert second.held_until == first.appointment.hold_expires_at


async def test_confirm_cancel_and_what_may_not_follow(pool):
    id = (await hold(pool, request(monday(9)))).appointment.id
    assert (await change(pool, id, Verb.CONFIRM)).appointment.status is Status.BOOKED
    assert (await change(pool, id, Verb.CONFIRM)).outcome is Outcome.SAME
    assert (await change(pool, id, Verb.RELEASE)).outcome is Outcome.INVALID
    assert (await change(pool, id, Verb.CANCEL, reason="ill")).appointment.cancel_reason == "ill"
    assert (await change(pool, id, Verb.CONFIRM)).outcome is Outcome.INVALID
    again = await hold(pool, request(monday(9), patient_id=BEN, caller=BEN))
    assert again.outcome is Outcome.DONE


async def test_the_same_key_gives_the_same_booking_and_no_other_request(pool):
    asked = {"key": key()}
    first = await hold(pool, request(monday(9), **asked))
    again = await hold(pool, request(monday(9), **asked))
    other = await hold(pool, request(monday(11), key=key(body="other")))
    assert (again.outcome, again.appointment.id) == (Outcome.REPEAT, first.appointment.id)
    assert other.outcome is Outcome.KEY_REUSED


async def test_a_refused_request_keeps_no_key(pool):
    await hold(pool, request(monday(9)))
    asked = {"key": key(caller=BEN), "patient_id": BEN, "caller": BEN}
    assert (await hold(pool, request(monday(9), **asked))).outcome is Outcome.SLOT
    assert (await hold(pool, request(monday(11), **asked))).outcome is Outcome.DONE


async def test_a_repeat_is_answered_before_its_arguments_are_judged(pool):
    command = request(monday(9), key=key())
    held = await hold(pool, command)
    await pool.execute("update appointment_types set horizon = '1 second'")
    again = await hold(pool, command)
    assert (again.outcome, again.appointment.id) == (Outcome.REPEAT, held.appointment.id)
    refused = await hold(pool, request(monday(11)))
    assert (refused.outcome, refused.reason) == (Outcome.NOT_OFFERED, Reason.HORIZON)


async def test_the_same_command_id_is_carried_out_once(pool):
    id = (await hold(pool, request(monday(9)))).appointment.id
    command_id = uuid7()
    first = await change(pool, id, Verb.EXTEND, command_id=command_id)
    again = await change(pool, id, Verb.EXTEND, command_id=command_id)
    assert (first.outcome, again.outcome) == (Outcome.DONE, Outcome.REPEAT)
    assert again.appointment.version == first.appointment.version == 2
    assert (
        await change(pool, id, Verb.CONFIRM, command_id=command_id)
    ).outcome is Outcome.KEY_REUSED


async def test_a_hold_is_extended_at_most_twice_each_time_to_its_full_length(pool):
    id = (await hold(pool, request(monday(9)))).appointment.id
    for _ in range(MAX_EXTENSIONS):
        result = await change(pool, id, Verb.EXTEND)
        assert result.outcome is Outcome.DONE
        assert result.appointment.expires_in_seconds == pytest.approx(300, abs=1)
    assert (await change(pool, id, Verb.EXTEND)).outcome is Outcome.EXTENDED_ENOUGH


async def test_hold_is_over_at_its_deadline_swept_or_not(
    pool,
):
    id = (await hold(pool, request(monday(9)))).appointment.id
    await overdue(pool, id)
    assert (await change(pool, id, Verb.CONFIRM)).outcome is Outcome.EXPIRED
    assert (await change(pool, id, Verb.EXTEND)).outcome is Outcome.EXPIRED
    async with pool.acquire() as connection:
        assert len(await booking_state.expire_overdue(connection, 0, 10)) == 1
    assert (await change(pool, id, Verb.CONFIRM)).outcome is Outcome.EXPIRED


async def test_overdue_hold_is_expired_by_the_next_hold(pool):
    first = (await hold(pool, request(monday(9)))).appointment.id
    await overdue(pool, first)
    second = await hold(pool, request(monday(9), patient_id=BEN, caller=BEN))
    assert second.outcome is Outcome.DONE
    row = await pool.fetchrow(
        "select status, via, verb, version from appointments where id = $1", first
    )
    assert tuple(row) == ("expired", "sweep", "expire", 2)


async def test_a_patient_is_in_one_place_at_a_time(pool):
    await hold(pool, request(monday(9)))
    result = await hold(pool, request(monday(9, 15), dentist_id=LENA))
    assert result.outcome is Outcome.PATIENT_OVERLAP


async def test_a_patient_holds_two_slots_at_most(pool):
    for hour in (9, 10):
        assert (await hold(pool, request(monday(hour)))).outcome is Outcome.DONE
    refused = await hold(pool, request(monday(11)))
    assert refused.outcome is Outcome.QUOTA
    assert refused.held_until is not None


async def test_where_no_chair_is_free_the_slot_is_refused_and_nothing_stays_claimed(pool):
    await pool.execute(
        "update resources set active = false where kind = 'chair' and name <> 'Chair 1'"
    )
    assert (await hold(pool, request(monday(9)))).outcome is Outcome.DONE
    result = await hold(pool, request(monday(9), dentist_id=LENA, patient_id=BEN, caller=BEN))
    assert result.outcome is Outcome.NO_CHAIR
    assert await pool.fetchval("select count(*) from slot_reservations where active") == 3
    free = request(
        monday(9), dentist_id=LENA, patient_id=BEN, caller=BEN, appointment_type="consultation"
    )
    assert (await hold(pool, free)).outcome is Outcome.DONE


async def test_buffers_count_for_dentist_and_chair_but_not_for_the_patient(pool):
    await hold(pool, request(monday(9)))  # 30 minutes and 5 of buffer after
    refused = await hold(pool, request(monday(9, 30), patient_id=BEN, caller=BEN))
    assert refused.outcome is Outcome.SLOT
    assert (await hold(pool, request(monday(9, 30), dentist_id=LENA))).outcome is Outcome.DONE


async def test_a_type_that_needs_approval_waits_for_it(pool):
    await pool.execute("update appointment_types set needs_approval = true where slug = 'filling'")
    id = (await hold(pool, request(monday(9), appointment_type="filling"))).appointment.id
    assert (await change(pool, id, Verb.CONFIRM)).appointment.status is Status.PENDING_APPROVAL
    assert (await change(pool, id, Verb.CONFIRM)).outcome is Outcome.SAME
    assert (await change(pool, id, Verb.APPROVE)).appointment.status is Status.BOOKED


async def test_the_terms_are_those_of_the_booking_time(pool):
    await pool.execute(
        "update appointment_types set cancel_notice = '60 days' where slug = 'cleaning'"
    )
    id = (await hold(pool, request(monday(9), appointment_type="cleaning"))).appointment.id
    await pool.execute("update appointment_types set cancel_notice = '0' where slug = 'cleaning'")
    await change(pool, id, Verb.CONFIRM)
    refused = await change(pool, id, Verb.CANCEL, patient(ANA))
    assert (refused.outcome, refused.deadline) == (Outcome.TOO_LATE, monday(9) - timedelta(days=60))
    assert (await change(pool, id, Verb.CANCEL, CLINIC)).outcome is Outcome.DONE


async def test_a_booking_out_of_scope_does_not_exist(pool):
    id = (await hold(pool, request(monday(9)))).appointment.id
    async with pool.acquire() as connection:
        command = Change(id, Verb.CANCEL, uuid7())
        foreign = await booking.change(
            connection, command, patient(BEN), Via.API, Scope(patient_id=BEN)
        )
        missing = await booking.change(
            connection, Change(uuid7(), Verb.CANCEL, uuid7()), CLINIC, Via.API
        )
        assert foreign == missing or (foreign.outcome, foreign.appointment) == (
            missing.outcome,
            missing.appointment,
        )
        assert foreign.outcome is Outcome.NOT_FOUND


async def test_every_version_has_a_transition_and_only_api_changes_an_inbox_row(
    pool,
):
    command = request(monday(9))
    id = (await hold(pool, command)).appointment.id
    async with pool.acquire() as connection:
        await booking.change(connection, Change(id, Verb.CONFIRM, uuid7()), CLINIC, Via.WORKFLOW)
    trail = await pool.fetch(
        """
        select version, verb, from_status, to_status, via
          from appointment_transitions where appointment_id = $1 order by 1
        """,
        id,
    )
    assert [tuple(row) for row in trail] == [
        (1, "hold", None, "held", "api"),
        (2, "confirm", "held", "booked", "workflow"),
    ]
    inbox = await pool.fetch(
        "select verb, command_id from workflow_inbox where appointment_id = $1", id
    )
    assert [tuple(row) for row in inbox] == [("hold", command.command_id)]


async def test_the_audit_trail_cannot_be_edited(pool):
    await hold(pool, request(monday(9)))
    for statement in (
        "update appointment_transitions set actor = 'nobody'",
        "delete from appointment_transitions",
    ):
        with pytest.raises(Exception, match="append-only"):
            await pool.execute(statement)


async def test_any_end_of_a_booking_frees_its_slot(pool):
    id = (await hold(pool, request(monday(9)))).appointment.id
    await pool.execute(
        """
        update appointments set status = 'no_show', version = version + 1, command_id = null
         where id = $1
        """,
        id,
    )
    assert await pool.fetchval("select count(*) from slot_reservations where active") == 0
