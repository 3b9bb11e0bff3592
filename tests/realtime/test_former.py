"""What somebody may see follows their role and their grants of today: not those in which they made
something.
"""

from dataclasses import replace
from itertools import permutations
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from db import appointments, grants, profiles
from db.appointments import AppointmentFilter
from db.demo import CLINIC, person_id
from domain.actors import Actor, Role, scope
from domain.booking import Verb
from domain.events import Cursor
from tests.realtime.listening import Listener, settled, until
from tests.realtime.traffic import wish
from tests.support import AMARA, ANA, change, hold

SOMEBODY = uuid7()
ROLES = (Role.ADMIN, Role.DENTIST, Role.AGENT, Role.PATIENT)
CHANGES = [(a, b) for a, b in permutations(ROLES, 2) if a is not Role.DENTIST]
"""A dentist stays one."""

CHATBOT = Actor(Role.AGENT, person_id("agent", "chatbot"))
BEN = person_id("patient", "ben")


async def become(pool, role: Role) -> Actor:
    """Somebody with that role, whatever they were, and whatever forbids it."""
    async with pool.acquire() as connection:
        fields = {
            "role": role,
            "full_name": "Somebody",
            "clinic_id": CLINIC,
            "specialty": "Surgery",
        }
        if not await profiles.create(connection, SOMEBODY, fields, None):
            await connection.execute(
                "update profiles set role = $2, version = version + 1 where id = $1",
                SOMEBODY,
                str(role),
            )
    return Actor(role, SOMEBODY)


async def make_all(pool, actor: Actor) -> set[UUID]:
    """All that one can make in a role: a patient, and a visit of Ana's and theirs; the ids."""
    made = uuid7()
    async with pool.acquire() as connection:
        fields = {"role": Role.PATIENT, "full_name": "Made"}
        await profiles.create(connection, made, fields, actor)
        if actor.role is Role.AGENT:
            await grants.give(connection, ANA, SOMEBODY)
    ids = {made}
    for number in (0, 4):
        command = replace(wish(number), caller=SOMEBODY)
        if actor.role is Role.PATIENT:
            command = replace(command, patient_id=SOMEBODY)
        else:
            command = replace(command, patient_id=made if number else ANA)
        result = await hold(pool, command, actor)
        assert result.appointment, result
        await change(pool, command.id, Verb.CONFIRM)
        ids.add(command.id)
    return ids


def told(listener: Listener) -> set[UUID]:
    return {
        UUID(frame.data["entity_id"])
        for frame in listener.events
        if frame.name.startswith(("appointment", "profile"))
    } - {SOMEBODY}


@pytest.mark.parametrize(("former", "present"), CHANGES)
async def test_a_former_role_gives_no_rights(pool, relay, hub, listen, former, present):
    start = Cursor(hub.at.epoch, 0)
    ids = await make_all(pool, await become(pool, former))
    now = await become(pool, present)
    await pool.execute("update profiles set version = version + 1 where id = any($1)", list(ids))
    await pool.execute("update profiles set version = version + 1 where id = $1", SOMEBODY)
    await settled(pool, hub)
    reader = listen(now, "appointments", "profiles", at=start)
    last = await pool.fetchval("select version from profiles where id = $1", SOMEBODY)
    await until(lambda: (str(SOMEBODY), last) in [frame.change for frame in reader.events])
    if present is Role.ADMIN:
        return
    assert told(reader) & ids == set()
    async with pool.acquire() as connection:
        listed = await appointments.page(connection, scope(now), AppointmentFilter(), None, 50)
        known = await profiles.page(connection, now, None, [], None, 50)
        single = [await appointments.get(connection, id, scope(now)) for id in ids]
        people = [await profiles.get(connection, id, now) for id in ids]
    assert {each.id for each in listed} & ids == set()
    assert {each.id for each in known} & ids == set()
    assert [each for each in single + people if each] == []


async def test_agent_without_grant_gets_no_new_events(pool, relay, hub, listen):
    """Neither as it happens nor from the log; and what the others do comes on."""
    start = Cursor(hub.at.epoch, 0)
    async with pool.acquire() as connection:
        await grants.give(connection, ANA, CHATBOT.id)
    taken, kept = replace(wish(0), patient_id=ANA), replace(wish(16), patient_id=BEN)
    for command in (taken, kept):
        await hold(pool, replace(command, caller=CHATBOT.id, token="t"), CHATBOT)
    await settled(pool, hub)
    live = listen(CHATBOT, "appointments")
    await change(pool, taken.id, Verb.CONFIRM)
    await until(lambda: told(live) == {taken.id})

    async with pool.acquire() as connection:
        await grants.take_back(connection, ANA, CHATBOT.id)
    await change(pool, taken.id, Verb.CANCEL, reason="ill")
    await change(pool, kept.id, Verb.CONFIRM)
    await settled(pool, hub)
    await until(lambda: told(live) == {taken.id, kept.id})
    assert [f.name for f in live.events] == ["appointment.booked", "appointment.booked"]
    again = listen(CHATBOT, "appointments", at=start)
    await until(lambda: len(again.events) == 2)
    assert told(again) == {kept.id}


async def test_a_dentist_is_told_of_their_own_visits_alone(pool, relay, hub, listen):
    start = Cursor(hub.at.epoch, 0)
    amara, lena = (Actor(Role.DENTIST, person_id("dentist", name)) for name in ("amara", "lena"))
    command = wish(0)
    assert command.dentist_id == AMARA
    await hold(pool, command)
    await settled(pool, hub)
    reader = listen(amara, "appointments", at=start)
    await until(lambda: told(reader) == {command.id})
    other = listen(lena, "appointments", "availability", at=start)
    await until(lambda: len(other.events) == 1)
    assert told(other) == set()
