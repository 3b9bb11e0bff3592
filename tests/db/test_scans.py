"""No command and no query reads a large table from end to end, whatever runs inside functions.

Counted by Postgres itself: the rows that a transaction has read by sequential scans, those of
statements in functions and triggers included (pg_stat_xact_user_tables). The tables have as many
rows as a busy practice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from uuid_utils.compat import uuid7

from db import (
    account_status,
    appointments,
    booking_state,
    claims,
    clinics,
    erasures,
    events,
    figures,
    grants,
    idempotency,
    inbox,
    live_bookings,
    outbox,
    patients,
    profiles,
    reads,
    schedules,
    tickets,
    visits,
)
from db.appointments import AppointmentFilter
from db.demo import CHATBOT, CLINIC, person_id
from db.live_bookings import LiveBooking
from db.pool import Connection, Pool
from domain.actors import Actor, Role, Scope
from domain.appointments import Change, Move, Via
from domain.booking import Status, Verb
from domain.events import Reader
from domain.figures import DayRange
from domain.patient_limits import Limits
from services import booking, moves
from tests.support import AMARA, ANA, BEN, key, monday, patient, request, rewrite

MOST = 200
"""Rows that a sequential scan of one large table may read: none is so small."""

FILL = Path(__file__).with_name("busy_practice.sql").read_text()

READ = """
    select relname, seq_tup_read from pg_stat_xact_user_tables
     where schemaname = 'chairtime' and seq_tup_read > 0
"""

DENTIST, PATIENT, ADMIN = Actor(Role.DENTIST, AMARA), patient(ANA), Actor(Role.ADMIN, uuid7())
EARLY = datetime(2026, 1, 1, tzinfo=UTC), uuid7()
EARLY_BOOKING = LiveBooking(*EARLY, Status.BOOKED, EARLY[0])


@dataclass(frozen=True)
class Scene:
    """A connection, and a booking of each status that the operations need."""

    connection: Connection
    held: Any
    booked: Any

    async def change(self, booking_id: Any, verb: Verb, actor: Actor = PATIENT) -> None:
        changed = await booking.change(
            self.connection, Change(booking_id, verb, uuid7()), actor, Via.API
        )
        assert changed.appointment, changed


async def hold(s: Scene) -> None:
    command = request(monday(15), limits=Limits(holds=9, bookings=9), key=key("scan"))
    assert (await booking.hold(s.connection, command, PATIENT, Via.API)).appointment


async def move(s: Scene) -> None:
    command = Move(s.booked, uuid7(), starts_at=monday(16))
    assert (await moves.reschedule(s.connection, command, PATIENT, Via.API, Scope(ANA))).appointment


async def send(s: Scene) -> None:
    await s.connection.execute(
        "update workflow_inbox set not_before = now() where appointment_id = $1", s.booked
    )
    messages = await inbox.claim(s.connection, 50, timedelta(seconds=5))
    await inbox.release(s.connection, messages)
    await inbox.refused(s.connection, messages)
    await inbox.sent(s.connection, messages, timedelta(seconds=5))


async def search(s: Scene) -> None:
    terms = await clinics.all_booking_terms(s.connection, "checkup")
    numbers = [each.dentist_no for each in terms]
    await claims.between(s.connection, numbers, [CLINIC], monday(8), monday(18))


async def missed(s: Scene) -> None:
    for topic in ("appointments", f"appointments:{s.booked}"):
        reader = Reader(PATIENT, frozenset({topic}))
        await events.missed(s.connection, reader, 4_900, 5_000, 50)


async def lists(s: Scene) -> None:
    for scope in (Scope(), Scope(ANA), Scope(dentist_id=AMARA), Scope(agent_id=CHATBOT.id)):
        await appointments.page(s.connection, scope, AppointmentFilter(), EARLY, 50)
    week = AppointmentFilter(
        (Status.BOOKED,), starts_from=monday(0), starts_to=monday(0) + timedelta(days=7)
    )
    await appointments.page(s.connection, Scope(), week, None, 50)


async def dashboards(s: Scene) -> None:
    first = monday(0).date()
    for range in (DayRange(first, first + timedelta(days=27), each) for each in (CLINIC, None)):
        await figures.booked_time(s.connection, range)
        await figures.hold_outcomes(s.connection, range)
        await figures.visit_outcomes(s.connection, range)
        await figures.lead_times(s.connection, range)


async def people(s: Scene) -> None:
    for viewer in (ADMIN, CHATBOT, PATIENT):
        await profiles.page(s.connection, viewer, None, [], None, 50)
        await profiles.get(s.connection, ANA, viewer)
    await profiles.page(s.connection, ADMIN, None, ["3999"], None, 50)


async def tickets_used(s: Scene) -> None:
    await tickets.add(s.connection, b"h", PATIENT, ["appointments"], 1e10, timedelta(minutes=1))
    await tickets.find(s.connection, b"h")
    await tickets.use_up(s.connection, b"h")


COMMANDS: dict[str, Callable[[Scene], Awaitable[Any]]] = {
    "hold": hold,
    "confirm": lambda s: s.change(s.held, Verb.CONFIRM),
    "extend": lambda s: s.change(s.held, Verb.EXTEND),
    "release": lambda s: s.change(s.held, Verb.RELEASE),
    "cancel": lambda s: s.change(s.booked, Verb.CANCEL),
    "check in": lambda s: s.change(s.booked, Verb.CHECK_IN, ADMIN),
    "move": move,
    "expire": lambda s: booking_state.expire_overdue(s.connection, 0, 10),
    "lapse": lambda s: booking_state.lapse(s.connection, s.booked, Via.SWEEP),
    "relay": lambda s: outbox.relay(s.connection, 100),
    "send messages": send,
}

OPERATIONS = COMMANDS | {
    "read one booking": lambda s: appointments.get(s.connection, s.booked, Scope(ANA)),
    "read its history": lambda s: appointments.history(s.connection, s.booked, Scope()),
    "read its state": lambda s: booking_state.state(s.connection, s.booked),
    "find what blocks": lambda s: appointments.blocking(s.connection, AMARA, "checkup", monday(9)),
    "lists": lists,
    "upcoming visits": lambda s: visits.upcoming(s.connection, [AMARA]),
    "search slots": search,
    "queue a look": lambda s: inbox.look(s.connection, [s.booked]),
    "bookings without workflow": lambda s: live_bookings.settled(
        s.connection, 60, EARLY_BOOKING, 50
    ),
    "bookings of running workflows": lambda s: live_bookings.over(s.connection, [s.booked], 60),
    "make partitions": lambda s: outbox.roll(s.connection, 10_000, timedelta(days=1)),
    "follow the log": lambda s: events.after(s.connection, 4_990, 50),
    "missed events": missed,
    "oldest event": lambda s: events.oldest(s.connection),
    "what an agent may see": lambda s: events.visible_now(s.connection, CHATBOT, [s.booked, BEN]),
    "use a key": lambda s: idempotency.claim(s.connection, key("scan"), "t"),
    "delete old keys": lambda s: idempotency.delete_old(s.connection, 10),
    "people": people,
    "dashboards": dashboards,
    "first call": lambda s: account_status.get_or_create(s.connection, patient(uuid7())),
    "first call of an admin": lambda s: account_status.get_or_create(s.connection, ADMIN),
    "edit a profile": lambda s: profiles.update(s.connection, ANA, {"full_name": "A"}),
    "change a role": lambda s: profiles.update(
        s.connection, person_id("admin", "admin"), {"active": True, "role": Role.ADMIN}
    ),
    "record a read": lambda s: reads.record(s.connection, ADMIN, []),
    "whose patient": lambda s: patients.may_be_edited_by(s.connection, ANA, DENTIST),
    "erase": lambda s: erasures.erase(s.connection, ANA, ADMIN),
    "grants": lambda s: grants.of_patient(s.connection, ANA),
    "give a grant": lambda s: grants.give(s.connection, ANA, CHATBOT.id),
    "take a grant back": lambda s: grants.take_back(s.connection, ANA, CHATBOT.id),
    "a schedule": lambda s: schedules.of(s.connection, AMARA),
    "tickets": tickets_used,
}


async def test_no_operation_reads_a_large_table_from_end_to_end(pool: Pool):
    await fill(pool)
    await pool.execute("analyze")
    found = {name: read for name in OPERATIONS if (read := await scanned(pool, name))}
    assert found == {}


async def test_no_command_does_so_before_there_are_statistics(pool: Pool):
    """As after an import: until autovacuum has analysed the tables."""
    await fill(pool)
    found = {name: read for name in COMMANDS if (read := await scanned(pool, name))}
    assert found == {}


async def fill(pool: Pool) -> None:
    for statement in FILL.split(";\n"):
        if statement.strip():
            await rewrite(pool, statement, *([CHATBOT.id] if "$1" in statement else []))


async def scanned(pool: Pool, name: str) -> dict[str, int]:
    """Rows that sequential scans of the operation read, by table; its changes are undone."""
    async with pool.acquire() as connection:
        undone = connection.transaction()
        await undone.start()
        try:
            made = [request(monday(hour)) for hour in (9, 11)]
            for each in made:
                await booking.hold(connection, each, PATIENT, Via.API)
            scene = Scene(connection, *(each.id for each in made))
            await scene.change(scene.booked, Verb.CONFIRM)
            before = dict(await connection.fetch(READ))
            await OPERATIONS[name](scene)
            after = dict(await connection.fetch(READ))
        finally:
            await undone.rollback()
    read = {table: rows - before.get(table, 0) for table, rows in after.items()}
    return {table: rows for table, rows in read.items() if rows > MOST}
