"""`appointments:<clinic id>`: the bookings of one clinic, and what leaves it."""

import pytest
from uuid_utils.compat import uuid7

from db.demo import CLINIC
from domain.actors import Actor, Role, Scope
from domain.appointments import Move, Via
from domain.booking import Verb
from domain.events import clinic_topic
from services import moves
from tests.realtime.listening import ADMIN, settled, until
from tests.second_clinic import HARBOUR, NORA, add_harbour
from tests.support import AMARA, ANA, change, hold, monday, request

EVENTS = "/api/events?topics=appointments"


@pytest.fixture
async def harbour(pool):
    await add_harbour(pool)


async def test_a_clinics_topic_brings_its_bookings_and_no_others(harbour, relay, hub, listen, pool):
    here, there = request(monday(9)), request(monday(14), dentist_id=NORA)
    readers = {id: listen(ADMIN, clinic_topic(id)) for id in (CLINIC, HARBOUR)}
    whole = listen(ADMIN, "appointments")
    for command in (here, there):
        await hold(pool, command)
    await settled(pool, hub)
    await until(lambda: len(whole.events) == 2)
    for id, command in ((CLINIC, here), (HARBOUR, there)):
        assert [each.data["id"] for each in readers[id].events] == [str(command.id)]
        assert readers[id].events[0].data["clinic_id"] == str(id)


async def test_a_booking_that_moves_to_another_clinic_leaves_the_first(
    harbour, relay, hub, listen, pool
):
    left, reached = listen(ADMIN, clinic_topic(CLINIC)), listen(ADMIN, clinic_topic(HARBOUR))
    whole = listen(ADMIN, "appointments")
    both = listen(ADMIN, clinic_topic(CLINIC), clinic_topic(HARBOUR))
    dentist = listen(Actor(Role.DENTIST, AMARA), "appointments")
    command = request(monday(9))
    await hold(pool, command)
    await change(pool, command.id, Verb.CONFIRM)
    move = Move(command.id, uuid7(), dentist_id=NORA)
    async with pool.acquire() as connection:
        await moves.reschedule(connection, move, ADMIN, Via.API, Scope())
    await settled(pool, hub)
    stayed = ["appointment.held", "appointment.booked", "appointment.rescheduled"]
    for reader, names in (
        (left, [*stayed[:2], "appointment.removed"]),
        (reached, stayed[2:]),
        (whole, stayed),
        (both, stayed),
        (dentist, [*stayed[:2], "appointment.removed"]),
    ):
        await until(lambda reader=reader, names=names: len(reader.events) == len(names))
        assert reader.names() == names


async def test_patients_and_dentists_get_no_more_by_a_clinics_topic(
    harbour, relay, hub, listen, pool
):
    topic = clinic_topic(CLINIC)
    readers = {
        actor: listen(actor, topic)
        for actor in (
            Actor(Role.PATIENT, ANA),
            Actor(Role.PATIENT, uuid7()),
            Actor(Role.DENTIST, AMARA),
            Actor(Role.DENTIST, NORA),
        )
    }
    command = request(monday(9))
    await hold(pool, command)
    await hold(pool, request(monday(14), dentist_id=NORA))
    await settled(pool, hub)
    for actor, reader in readers.items():
        expected = [str(command.id)] if actor.id in (ANA, AMARA) else []
        await until(lambda reader=reader, expected=expected: len(reader.events) >= len(expected))
        assert [each.data["id"] for each in reader.events] == expected


async def test_over_http_a_clinic_is_named_by_its_id_and_must_exist(api, http, stream, as_, pool):
    client = await stream(f"{EVENTS}:{CLINIC}", as_("admin"))
    await until(lambda: client.names() == ["ready"])
    for path in (f"{EVENTS}:{ANA}", f"/api/events/log?topics=appointments:{ANA}"):
        refused = await http.get(path, headers=as_("admin"))
        assert refused.status_code == 422
        assert "GET /api/clinics" in refused.text
    await hold(pool, request(monday(9)))
    await until(lambda: client.events)


async def test_an_event_names_the_role_that_made_the_change_and_no_person(relay, hub, listen, pool):
    reader = listen(ADMIN, "appointments")
    command = request(monday(9))
    await hold(pool, command)
    await change(pool, command.id, Verb.CONFIRM, Actor(Role.DENTIST, AMARA))
    await settled(pool, hub)
    await until(lambda: len(reader.events) == 2)
    assert [each.data["actor"] for each in reader.events] == ["patient", "dentist"]
