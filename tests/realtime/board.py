"""A clinic at which everything that changes the offers happens at random, and the readers of its
board, who load again only what an event names.
"""

import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from db import booking_state, clinics, demo, erasures, events, outbox, profiles
from db.pool import Connection, Pool
from domain.actors import CLINIC, Actor, Role, Scope
from domain.appointments import Hold, Move, Via
from domain.booking import Outcome, Verb
from domain.events import Event, Topic
from services import booking, moves, slot_search
from tests.support import AMARA, ANA, BEN, LENA, MATEO, change, hold, overdue, patient, request

A_MINUTE, A_DAY = timedelta(minutes=1), timedelta(days=1)
DENTISTS = (AMARA, LENA, MATEO)
PATIENTS = (ANA, BEN, *(demo.person_id("patient", name) for name in ("chloe", "deniz")))
TYPES = ("checkup", "cleaning", "filling", "consultation", "added")
ASKERS = (CLINIC, Actor(Role.PATIENT, ANA))
DAYS = 2
"""How many days a reader shows."""

EDITS = (
    "delete from weekly_hours where id = (select id from weekly_hours order by random() limit 1)",
    """
    insert into weekly_hours (resource_no, weekday, starts, ends)
    select resource_no, 0, '19:00', '21:00' from dentists order by random() limit 1
    """,
    "update weekly_hours set ends = '16:00' where ends = '18:00' and weekday = 0",
    """
    insert into schedule_exceptions (clinic_id, resource_no, on_date, starts, ends, kind)
    select clinic_id, resource_no, $1::timestamptz::date, '10:00', '11:00', 'closed'
      from dentists order by random() limit 1
    """,
    """
    insert into schedule_exceptions (clinic_id, on_date, starts, ends, kind)
    select id, $1::timestamptz::date, '07:00', '08:00', 'open' from clinics
    """,
    "delete from schedule_exceptions",
    """
    update weekly_hours
       set resource_no = (select resource_no from dentists order by random() limit 1)
     where id = (select id from weekly_hours order by random() limit 1)
    """,
    """
    update schedule_exceptions
       set resource_no = (select resource_no from dentists order by random() limit 1)
    """,
    """
    update clinics set time_zone =
           case time_zone when 'Europe/Berlin' then 'Europe/London' else 'Europe/Berlin' end
    """,
    "update clinics set slot_grid_minutes = 25 - slot_grid_minutes",
    "update appointment_types set duration = interval '75 minutes' - duration where needs_chair",
    "update appointment_types set buffer_before = interval '10 minutes' - buffer_before",
    "update appointment_types set buffer_after = interval '15 minutes' where slug = 'checkup'",
    "update appointment_types set needs_chair = not needs_chair where slug = 'consultation'",
    "update appointment_types set bookable_online = not bookable_online where slug = 'cleaning'",
    "update appointment_types set lead_time = interval '40d' - lead_time where slug = 'filling'",
    "update appointment_types set horizon = interval '92 days' - horizon where slug = 'checkup'",
    """
    insert into appointment_types (id, clinic_id, slug, name, duration)
    select gen_random_uuid(), id, 'added', '', '30 minutes' from clinics on conflict do nothing
    """,
    """
    delete from appointment_types t
     where slug = 'added' and not exists (select from appointments where type_id = t.id)
    """,
    "update resources set active = not active where kind = 'chair' and name = 'Chair 1'",
    "insert into resources (clinic_id, kind, name) select id, 'chair', random()::text from clinics",
    "update dentists set bookable = not bookable where specialty = 'Orthodontics'",
    """
    update profiles p set active = not p.active from dentists d
     where d.profile_id = p.id and d.specialty = 'Endodontics'
    """,
)
"""Edits of hours, clinic, types, chairs and people; $1 is the first day. Whoever writes them."""

VISIT = """
    update appointments
       set status = case status when 'booked' then 'checked_in'
                                when 'checked_in' then 'in_treatment' else 'completed' end,
           version = version + 1, verb = 'check_in', actor = 'clinic', via = 'sweep',
           command_id = null
     where id = $1 and status in ('booked', 'checked_in', 'in_treatment')
"""
"""The next step of a visit, whatever the time."""

Board = dict[tuple[UUID, str, Role], set[datetime]]


class Reader:
    """Shows the free starts of all dentists under each type, to staff and to a patient."""

    def __init__(self, pool: Pool, first: date) -> None:
        self._pool = pool
        self._first = first
        self._shown: Board = {}

    async def load(self) -> None:
        self._shown = await self._fresh()

    async def hear(self, told: Sequence[Event]) -> None:
        """Loads the starts that these events name, and no others."""
        fresh = await self._fresh() if told else {}
        for event in told:
            for key in {key for key in (*self._shown, *fresh) if key[0] == event.entity_id}:
                kept = {start for start in self._shown.get(key, ()) if not names(event, start)}
                self._shown[key] = kept | {s for s in fresh.get(key, ()) if names(event, s)}

    async def errs(self) -> Board:
        """The starts that are shown and not offered, or offered and not shown."""
        fresh, none = await self._fresh(), set[datetime]()
        keys = (*self._shown, *fresh)
        found = {key: self._shown.get(key, none) ^ fresh.get(key, none) for key in keys}
        return {key: starts for key, starts in found.items() if starts}

    async def _fresh(self) -> Board:
        board: Board = {}
        days = slot_search.Asked(self._first, DAYS)
        async with self._pool.acquire() as connection:
            for asker in ASKERS:
                for slug in TYPES:
                    offered = await clinics.all_booking_terms(connection, slug, asker)
                    for slot, offer in await slot_search.search(connection, offered, days):
                        key = offer.dentist_id, slug, asker.role
                        board.setdefault(key, set()).add(slot.starts_at)
        return board


class Traffic:
    """What happens at the clinic. What is refused has simply not happened."""

    def __init__(self, pool: Pool, seed: int, first: datetime) -> None:
        self._pool = pool
        self._chance = random.Random(seed)
        self._first = first
        self._made: list[UUID] = []

    async def something(self) -> None:
        do = [self._hold] * 5 + [self._change] * 3 + [self._move, self._move, self._pass]
        do += [self.sweep, self._exchange, self._roll_back, self._edit, self._edit, self._edit]
        do += [self._visit] * 3
        await self._chance.choice(do)()

    async def _hold(self) -> None:
        wish = self._wish()
        if (await hold(self._pool, wish)).outcome is Outcome.DONE:
            self._made.append(wish.id)

    async def _change(self) -> None:
        if self._made:
            verb = self._chance.choice([Verb.CONFIRM, Verb.CONFIRM, Verb.RELEASE, Verb.CANCEL])
            await change(self._pool, self._chance.choice(self._made), verb)

    async def _move(self) -> None:
        if not self._made:
            return
        wish, of = self._wish(), self._chance.choice
        move = Move(
            of(self._made),
            uuid7(),
            dentist_id=of([None, wish.dentist_id]),
            starts_at=of([None, wish.starts_at]),
            appointment_type=of([None, wish.appointment_type]),
        )
        async with self._pool.acquire() as connection:
            await moves.reschedule(connection, move, CLINIC, Via.API, Scope())

    async def _visit(self) -> None:
        """A patient arrives, or the visit goes on, long before its time."""
        if self._made:
            await self._pool.execute(VISIT, self._chance.choice(self._made))

    async def _pass(self) -> None:
        """The time of a hold goes by, and nobody has noticed yet."""
        if self._made:
            await overdue(self._pool, self._chance.choice(self._made))

    async def sweep(self) -> None:
        async with self._pool.acquire() as connection:
            await booking_state.expire_overdue(connection, 0, 100)

    async def _exchange(self) -> None:
        """The visits exchange chairs, in one transaction."""
        async with self._pool.acquire() as connection, connection.transaction():
            await exchange_chairs(connection)

    async def _roll_back(self) -> None:
        async with self._pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            wish = self._wish()
            await booking.hold(connection, wish, patient(wish.patient_id), Via.API)
            await transaction.rollback()

    async def _edit(self) -> None:
        if self._chance.random() < 0.1:
            await self._staff()
        else:
            sql = self._chance.choice(EDITS)
            await self._pool.execute(sql, *([self._first] if "$1" in sql else []))

    async def _staff(self) -> None:
        """A dentist comes, and goes."""
        fields = {"full_name": "A", "clinic_id": demo.CLINIC, "specialty": "Orthodontics"}
        id = uuid7()
        async with self._pool.acquire() as connection:
            await profiles.create(connection, id, {"role": Role.DENTIST, **fields}, None)
            await connection.execute(
                """
                insert into weekly_hours (resource_no, weekday, starts, ends)
                select resource_no, 0, '08:00', '12:00' from dentists where profile_id = $1
                """,
                id,
            )
            if self._chance.random() < 0.5:
                await erasures.erase(connection, id, CLINIC)

    def _wish(self) -> Hold:
        minutes = self._chance.choice([0, 15, 20, 30, 40, 60, 75, 90])
        return request(
            self._first + minutes * A_MINUTE + self._chance.choice([0, 0, 0, 1]) * A_DAY,
            dentist_id=self._chance.choice(DENTISTS),
            appointment_type=self._chance.choice(TYPES),
            patient_id=self._chance.choice(PATIENTS),
            limits=None,
        )


def names(event: Event, start: datetime) -> bool:
    """Whether the event says that this start of its dentist must be loaded again."""
    told = json.loads(event.payload)
    since, until = (told[name] and datetime.fromisoformat(told[name]) for name in ("from", "until"))
    return (since is None or since <= start) and (until is None or start < until)


async def relayed(pool: Pool) -> list[Event]:
    """Moves all that is committed into the log; what that told of the board."""
    async with pool.acquire() as connection:
        before = await events.position(connection)
        while await outbox.relay(connection, 100):
            pass
        told = await events.after(connection, before.head, 10_000)
    return [event for event in told if event.topic == Topic.AVAILABILITY]


async def exchange_chairs(connection: Connection) -> None:
    """Every claim on a chair goes, and comes back on the chair that was free for longest."""
    await connection.execute("select lock_chairs(id, true) from clinics")
    claims = await connection.fetch(
        """
        update slot_reservations s set active = false from resources r
         where r.no = s.resource_no and r.kind = 'chair' and r.active and s.active
        returning s.appointment_id, s.during
        """
    )
    chairs = await connection.fetch("select no from resources where kind = 'chair' and active")
    ends = {chair["no"]: datetime(2000, 1, 1, tzinfo=UTC) for chair in chairs}
    for id, during in sorted(claims, key=lambda claim: claim["during"].lower):
        chair = min(ends, key=lambda no: ends[no])
        ends[chair] = during.upper
        await connection.execute(
            """
            insert into slot_reservations (appointment_id, resource_no, during) values ($1, $2, $3)
            """,
            id,
            chair,
            during,
        )
