"""The activity alone: every message has an outcome, only a missing database is a failure."""

from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from uuid_utils.compat import uuid7

from activities import parsing
from activities.advance import BookingActivities
from db.demo import person_id
from db.pool import Pool, create_pool
from domain.booking import OPEN_TO_ALL, RULES, CancelReason, Verb
from domain.messages import AdvanceInput, AdvanceResult, BookingInput, Command
from tests.support import ANA, BEN, LENA, rewrite
from tests.workflows.desk import Desk

CHATBOT = person_id("agent", "chatbot")


@pytest.fixture
def desk(pool: Pool) -> Desk:
    return Desk(None, pool, "")


async def advance(
    pool: Pool, booking: BookingInput, *commands: Command, wake_relay=lambda: None
) -> AdvanceResult:
    activities = BookingActivities(pool, wake_relay)
    return await ActivityEnvironment().run(
        activities.advance, AdvanceInput(booking, list(commands))
    )


async def test_the_same_work_again_changes_nothing_and_says_so(desk: Desk):
    booking = BookingInput(str(uuid7()), desk.request())
    work = (Command("confirm", "c"), Command("cancel", str(uuid7())))

    first = await advance(desk.pool, booking, *work)
    again = await advance(desk.pool, booking, *work)

    assert first.outcomes == ["done", "done"]
    assert again.outcomes == ["repeat", "repeat"]
    assert first.state == again.state
    assert await desk.verbs(booking.id) == ["hold", "confirm", "cancel"]


async def test_commands_that_the_api_carried_out_are_repeats_whatever_their_verb(desk: Desk):
    id = await desk.hold()
    sent = [await desk.last_command(id)]
    for verb in (Verb.EXTEND, Verb.CONFIRM, Verb.EDIT, Verb.CANCEL):
        await desk.change(id, verb)
        sent.append(await desk.last_command(id))
    before = await desk.verbs(id)

    done = await advance(desk.pool, BookingInput(str(id)), *sent)

    assert done.outcomes == ["repeat"] * 5
    assert (done.state.status, await desk.verbs(id)) == ("cancelled", before)


async def test_a_command_that_cannot_be_carried_out_does_not_keep_the_next_one(desk: Desk):
    id = await desk.hold()
    bad = [
        Command("confirm", ""),
        Command("confirm", "x" * 256),
        Command("confirm", "a\0b"),
        Command("confirm", "\ud800"),
        Command("confirm", "by", by="patient"),
        Command("confirm", "by what", by="janitor:1"),
        Command("confirm", "reason", reason="I'd rather not say"),
        Command("cancel", "no reason of the list", reason="moved"),
        Command("cancel", "empty", reason=""),
        Command("cancel", "capital", reason="Ill"),
        Command("confirm", "version", expected_version=2**31),
    ]
    unknown = [Command(verb, verb) for verb in ("expire", "lapse", "edit", "X", "x")]
    done = await advance(
        desk.pool, BookingInput(str(id)), *bad, *unknown, Command("confirm", "good")
    )

    assert done.outcomes[: len(bad)] == ["malformed"] * len(bad)
    assert done.outcomes[len(bad) : -1] == ["unknown"] * len(unknown)
    assert done.outcomes[-1] == "done"
    assert await desk.verbs(id) == ["hold", "confirm"]


async def test_a_booking_is_moved_by_whoever_comes_first_and_once(desk: Desk):
    booking = BookingInput(str(uuid7()), desk.request())
    await advance(desk.pool, booking, Command("confirm", "c"))
    later = desk.next_slot().isoformat()
    moves = [
        Command("reschedule", "m", starts_at=later),
        Command("reschedule", "naive", starts_at="2030-01-07T09:00:00"),
        Command("reschedule", "who", dentist_id="amara"),
    ]

    first = await advance(desk.pool, booking, *moves)
    again = await advance(desk.pool, booking, Command("reschedule", "m"))

    assert first.outcomes == ["done", "malformed", "malformed"]
    assert again.outcomes == ["repeat"]
    assert await desk.verbs(booking.id) == ["hold", "confirm", "reschedule"]


@pytest.mark.parametrize(
    "fields",
    [
        {"starts_at": "tomorrow"},
        {"starts_at": "2030-01-07T09:00:00"},
        {"starts_at": "0001-01-01T00:00:00+14:00"},
        {"starts_at": "9999-12-31T23:59:59-12:00"},
        {"appointment_type": "a\0b"},
        {"by": "patient"},
        {"by": f"patient:{BEN}"},
    ],
)
async def test_a_malformed_hold_is_refused(desk: Desk, fields: dict[str, str]):
    booking = BookingInput(str(uuid7()), replace(desk.request(), **fields))
    done = await advance(desk.pool, booking, Command("hold", "hold"))
    assert done.outcomes[0] in ("malformed", "not_offered")
    assert (done.state.status, done.state.over) == ("refused", True)


@pytest.mark.parametrize("year", [1, 1999, 2201, 8999, 9999])
async def test_no_message_books_or_moves_to_a_year_that_the_api_refuses(desk: Desk, year: int):
    """Staff have no horizon, so nothing else would refuse it."""
    starts_at = f"{year:04}-06-04T10:00:00+00:00"
    held = BookingInput(str(uuid7()), desk.request())
    moves = Command("reschedule", "m", starts_at=starts_at)
    moved = await advance(desk.pool, held, Command("confirm", "c"), moves)
    strange = BookingInput(str(uuid7()), replace(desk.request(), starts_at=starts_at))
    done = await advance(desk.pool, strange, Command("hold", "hold"))
    assert (moved.outcomes, done.outcomes) == (["done", "malformed"], ["malformed"])


async def test_what_does_not_exist_is_not_found(desk: Desk):
    strange = desk.request(appointment_type="surgery")
    both = Command("hold", "hold"), Command("confirm", "c")
    missing = await advance(desk.pool, BookingInput(str(uuid7()), strange), *both)
    nothing = await advance(desk.pool, BookingInput("not an id"), Command("confirm", "c"))

    assert missing.outcomes == ["not_found", "not_found"]
    assert nothing.outcomes == ["malformed"]
    assert missing.state.status == nothing.state.status == "refused"


async def test_a_patient_changes_their_own_bookings_only(desk: Desk):
    id = await desk.hold()
    stranger, self = (
        Command("cancel", "1", f"patient:{BEN}"),
        Command("cancel", "2", f"patient:{ANA}"),
    )
    done = await advance(desk.pool, BookingInput(str(id)), stranger, self)
    assert done.outcomes == ["not_found", "done"]


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("clinic", "patient_overlap"),
        (f"patient:{ANA}", "patient_overlap"),
        (f"agent:{CHATBOT}", "slot"),
    ],
)
async def test_an_agent_is_not_told_at_temporal_of_another_visit_of_the_patient(desk, by, told):
    await desk.pool.execute("insert into patient_grants values ($1, $2)", ANA, CHATBOT)
    visit, other = desk.request(), desk.request(by=by)
    await advance(desk.pool, BookingInput(str(uuid7()), visit))
    wish = replace(other, dentist_id=str(LENA), starts_at=visit.starts_at)
    done = await advance(
        desk.pool, BookingInput(str(uuid7()), wish), Command("hold", "hold", by=by)
    )
    assert done.outcomes == [told]

    booking = BookingInput(str(uuid7()), replace(other, dentist_id=str(LENA)))
    move = Command("reschedule", "move", starts_at=visit.starts_at, by=by)
    done = await advance(desk.pool, booking, Command("confirm", "confirm", by=by), move)
    assert done.outcomes == ["done", told]


STAFF_VERBS = sorted(set(RULES) - OPEN_TO_ALL - parsing.NOT_BY_MESSAGE)


@pytest.mark.parametrize("verb", STAFF_VERBS)
@pytest.mark.parametrize("by", [f"patient:{ANA}", f"agent:{CHATBOT}"])
async def test_a_verb_for_staff_is_refused_to_patients_and_agents_at_temporal(desk: Desk, by, verb):
    """Ana's booking stands where the verb leads on from: staff would be obeyed."""
    await desk.pool.execute("insert into patient_grants values ($1, $2)", ANA, CHATBOT)
    booking = BookingInput(str(uuid7()), desk.request(by=by))
    await advance(desk.pool, booking)
    before = next(iter(RULES[verb].transitions))
    await rewrite(
        desk.pool,
        """
        update appointments
           set status = $2, starts_at = clock_timestamp(), ends_at = clock_timestamp() + '1 hour',
               walk_in = true, approval_expires_at = clock_timestamp() + '1 hour'
         where id = $1
        """,
        UUID(booking.id),
        str(before),
    )
    done = await advance(
        desk.pool, booking, Command(verb, "theirs", by=by), Command(verb, "staff's")
    )
    assert done.outcomes == ["malformed", "done"]


@pytest.mark.parametrize(
    "by",
    [
        *("system", f"system:{ANA}", "admin", "admin:", "patient", "agent", "dentist"),
        *(f"clinic:{ANA}", "clinic:", "patient:x", "Clinic", "", ":", f"patient:{ANA}:{BEN}"),
        *(f" patient:{ANA}", f"patient:{ANA}\n"),
    ],
)
async def test_an_unknown_sender_is_refused_at_temporal(desk: Desk, by: str):
    """The clinic brings no id, people bring theirs, and the system acts by the clock alone."""
    id = await desk.hold()
    change = await advance(desk.pool, BookingInput(str(id)), Command("confirm", "c", by=by))
    hold = await advance(
        desk.pool, BookingInput(str(uuid7()), desk.request(by=by)), Command("hold", "hold")
    )
    assert (change.outcomes, hold.outcomes) == (["malformed"], ["malformed"])


async def test_text_as_a_command_id_is_one_command_of_its_booking(desk: Desk):
    id = await desk.hold()
    await advance(desk.pool, BookingInput(str(id)), Command("confirm", "from the Web UI"))
    async with desk.pool.acquire() as connection:
        stored: UUID = await connection.fetchval(
            "select command_id from appointment_transitions where verb = 'confirm'"
        )
    assert stored == uuid5(id, "from the Web UI")


async def test_the_relay_is_woken_by_a_change_and_by_nothing_else(desk: Desk):
    woken: list[None] = []
    id = await desk.hold()
    for command in (Command("look", "look"), Command("confirm", "c"), Command("confirm", "c")):
        await advance(
            desk.pool, BookingInput(str(id)), command, wake_relay=lambda: woken.append(None)
        )
    assert len(woken) == 1


async def test_driver_errors_do_not_reach_temporal():
    async with await create_pool("postgresql://secret@127.0.0.1:1/nothing", 1) as nowhere:
        with pytest.raises(ApplicationError) as failed:
            await advance(nowhere, BookingInput(str(uuid7())))
    assert failed.value.type == "unavailable"
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__
    assert str(failed.value) == "unavailable: the database does not answer"


@pytest.mark.parametrize("reason", CancelReason)
async def test_every_reason_of_the_list_can_be_sent_through_temporal(desk: Desk, reason):
    id = await desk.hold()
    done = await advance(desk.pool, BookingInput(str(id)), Command("cancel", "c", reason=reason))
    assert done.outcomes == ["done"]
    kept = "select cancel_reason from appointments where id = $1"
    assert await desk.pool.fetchval(kept, id) == reason
