"""Whatever happens, nobody is told what is not theirs: for each event that reaches a reader, the
database is asked at that moment whether they may see it.
"""

import asyncio
import random
from contextlib import aclosing
from dataclasses import replace
from uuid import UUID

from uuid_utils.compat import uuid7

from db import grants
from db.demo import person_id
from db.pool import Pool
from domain.actors import Actor, Role
from domain.booking import Verb
from domain.events import Cursor, Reader
from realtime.following import follow
from realtime.hub import Hub
from tests.realtime.listening import Frame, frames, settled, until
from tests.realtime.traffic import PEOPLE, STAFF, churn, wish
from tests.support import change, hold

MAY_SEE = """
    select case
        when $3 like 'slot.%' or $3 = 'schedule.changed' then true
        when $3 like 'profile.%' then
            $2 = 'admin' or $1::uuid = $4::uuid or exists (select from profiles p
             where p.id = $4 and p.role = 'patient' and p.created_by = $1 and p.created_as = $2)
        when $3 = 'appointment.removed' then
            $2 = 'dentist' and exists (select from appointments where id = $4 and dentist_id <> $1)
        else exists (select from appointments a where a.id = $4 and case $2
            when 'admin' then true
            when 'patient' then a.patient_id = $1
            when 'agent' then a.maker = 'agent:' || $1 and exists (select from patient_grants g
                where g.patient_id = a.patient_id and g.agent_id = $1)
            when 'dentist' then a.dentist_id = $1 or (a.version > $5 and $6 = $1) end)
    end
"""
"""The second half of a dentist's: it was theirs when that happened, and has been moved since."""

KNOWN = """
    insert into profiles (id, role, full_name, created_by, created_as)
    values ($1, $2, '', $3, 'agent')
    on conflict do nothing
"""

ADMINS = [Actor(Role.ADMIN, person_id("admin", name)) for name in ("admin", "another")]
DENTISTS = [Actor(Role.DENTIST, id) for id in STAFF]
PATIENTS = [Actor(Role.PATIENT, id) for id in PEOPLE]
AGENTS = [Actor(Role.AGENT, person_id("agent", name)) for name in ("chatbot", "another")]
EVERYTHING = ("appointments", "availability", "profiles")
OF_NOBODY = {"seq", "kind", "entity_id", "version", "occurred_at", "server_time", "dentist_id"} | {
    "starts_at",
    "ends_at",
    "state",
    "held_until",
    "from",
    "until",
}


class Watched:
    """A reader who now and then goes, and comes back to some earlier place."""

    def __init__(self, hub: Hub, pool: Pool, actor: Actor, *topics: str) -> None:
        self.told: list[Frame] = []
        self.foreign: list[Frame] = []
        self.actor = actor
        self._hub, self._pool = hub, pool
        self._reader = Reader(actor, frozenset(topics))

    @property
    def seqs(self) -> set[int]:
        return {frame.data["seq"] for frame in self.told}

    async def read(self) -> None:
        at = self._hub.at
        while True:
            chunks = follow(self._hub, self._pool, self._reader, at, b"", lambda: None)
            async with aclosing(chunks):
                async for chunk in chunks:
                    for frame in frames(chunk):
                        if "seq" in frame.data:
                            await self._take(frame)
                    if random.random() < 0.05:
                        break
            at = Cursor(at.epoch, random.randint(0, self.told[-1].data["seq"] if self.told else 0))

    async def _take(self, frame: Frame) -> None:
        data = frame.data
        self.told.append(frame)
        if not await self._pool.fetchval(
            MAY_SEE,
            self.actor.id,
            str(self.actor.role),
            frame.name,
            UUID(data["entity_id"]),
            data["version"],
            data.get("dentist_id") and UUID(data["dentist_id"]),
        ):
            self.foreign.append(frame)


async def test_every_delivered_event_is_visible_to_its_reader_by_the_rows(pool, relay, hub):
    for actor in ADMINS + AGENTS:
        await pool.execute(KNOWN, actor.id, str(actor.role), None)
    async with pool.acquire() as connection:
        for agent in AGENTS:
            for id in PEOPLE:
                await grants.give(connection, id, agent.id)
    one = wish(47)
    await hold(pool, one)
    everyone = [
        Watched(hub, pool, actor, *EVERYTHING) for actor in ADMINS + DENTISTS + PATIENTS + AGENTS
    ]
    everyone += [
        Watched(hub, pool, actor, f"appointments:{one.id}", f"availability:{one.dentist_id}")
        for actor in ADMINS[:1] + DENTISTS + PATIENTS + AGENTS[:1]
    ]
    reading = [asyncio.create_task(reader.read()) for reader in everyone]
    try:
        await asyncio.gather(
            churn(pool, range(40)),
            *(moved(pool, number) for number in range(48, 60)),
            *(for_another(pool, number) for number in range(96, 108)),
            *(known(pool, agent.id) for agent in AGENTS),
        )
        await change(pool, one.id, Verb.CONFIRM)
        last = await settled(pool, hub)
        await until(lambda: all(last in reader.seqs for reader in everyone), 30)
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    for reader in everyone:
        assert reader.foreign == [], reader.actor
    kinds = {
        role: {frame.name for r in everyone if r.actor.role is role for frame in r.told}
        for role in (Role.ADMIN, Role.DENTIST, Role.PATIENT, Role.AGENT)
    }
    for told in kinds.values():
        assert {"slot.held", "appointment.held", "appointment.booked", "profile.changed"} <= told
    assert "appointment.removed" in kinds[Role.DENTIST]
    board = [f.data for r in everyone for f in r.told if f.name.startswith("slot.")]
    assert set().union(*board) <= OF_NOBODY


async def moved(pool: Pool, number: int) -> None:
    """A booking that goes from one dentist to the next."""
    command = wish(number)
    await hold(pool, command)
    for version in (2, 3):
        await asyncio.sleep(random.uniform(0, 0.02))
        to = STAFF[(STAFF.index(command.dentist_id) + version - 1) % len(STAFF)]
        await pool.execute(
            """
            update appointments set dentist_id = $2, version = $3, verb = 'reschedule',
                   command_id = null where id = $1
            """,
            command.id,
            to,
            version,
        )


async def for_another(pool: Pool, number: int) -> None:
    """A booking that somebody else makes: an agent, or an admin."""
    command, maker = wish(number), random.choice(AGENTS + ADMINS)
    token = "token" if maker.role is Role.AGENT else None
    await hold(pool, replace(command, caller=maker.id, token=token), maker)
    await asyncio.sleep(random.uniform(0, 0.02))
    await change(pool, command.id, Verb.CONFIRM)


async def known(pool: Pool, maker: UUID) -> None:
    """Somebody whom an agent makes known, and everyone with something that is another."""
    for _ in range(5):
        await pool.execute(KNOWN, uuid7(), "patient", maker)
        await pool.execute("update profiles set version = version + 1 where id = $1", maker)
    await pool.execute("update profiles set version = version + 1")
