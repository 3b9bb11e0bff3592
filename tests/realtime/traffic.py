"""Bookings that come and go, some of them rolled back."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from db import booking_state
from db.demo import DENTISTS, PATIENTS, person_id
from db.pool import Pool
from domain.actors import CLINIC, SYSTEM, Scope
from domain.appointments import Change, Hold, Move, Via
from domain.booking import LAPSE_AFTER, Verb
from services import booking, moves
from tests.support import begin_visit, change, hold, monday, patient, request, rewrite

STAFF = [person_id("dentist", name) for name, *_ in DENTISTS]
PEOPLE = [person_id("patient", name) for name, _ in PATIENTS]

Life: TypeAlias = tuple[Verb, ...]
WITH_APPROVAL: tuple[Life, ...] = (
    (Verb.CONFIRM, Verb.APPROVE, Verb.ASSIGN_CHAIR, Verb.CANCEL),
    (Verb.CONFIRM, Verb.DECLINE),
    (Verb.CONFIRM, Verb.EXPIRE),
)
LIVES: tuple[Life, ...] = (
    (Verb.EXTEND, Verb.RELEASE),
    (Verb.EXTEND, Verb.EXPIRE),
    (Verb.CONFIRM, Verb.EDIT, Verb.RESCHEDULE, Verb.CANCEL),
    (Verb.CONFIRM, Verb.CHECK_IN, Verb.START, Verb.COMPLETE),
    (Verb.CONFIRM, Verb.NO_SHOW),
    (Verb.CONFIRM, Verb.LAPSE, Verb.CANCEL),
    *WITH_APPROVAL,
)
"""The verbs after the hold. Their number has no factor in common with 5: every fifth booking is
rolled back, and the others take all the lives in turn.
"""

NEEDS_APPROVAL = """
    update appointments set policy = policy || '{"needs_approval": true}' where id = $1
"""
OVERDUE = """
    update appointments
       set hold_expires_at = clock_timestamp() - interval '1 second',
           approval_expires_at = clock_timestamp() - interval '1 second'
     where id = $1
"""
ASSIGN_CHAIR = """
    update appointments
       set version = version + 1, updated_at = clock_timestamp(), command_id = null,
           verb = 'assign_chair', actor = 'system', via = 'sweep', reason = null
     where id = $1
"""
"""As `exchange_chairs` does it, for a visit that needs no chair."""


def wish(number: int, **fields):
    """A request for a slot of its own, for the first 3 · 4 · 16 numbers."""
    week, rest = divmod(number, 3 * 16)
    dentist, slot = divmod(rest, 16)
    who = PEOPLE[(number + dentist) % 4]
    return request(
        monday(8, weeks=1 + week % 4) + timedelta(minutes=30 * (slot if slot < 8 else slot + 2)),
        dentist_id=STAFF[dentist],
        patient_id=who,
        caller=who,
        appointment_type="consultation",
        limits=None,
        **fields,
    )


async def one_life(pool: Pool, number: int) -> None:
    """Holds a slot of its own and takes the booking through one of the lives."""
    command, life = wish(number), LIVES[number % len(LIVES)]
    await hold(pool, command)
    if life in WITH_APPROVAL:
        await rewrite(pool, NEEDS_APPROVAL, command.id)
    for verb in life:
        await asyncio.sleep(random.uniform(0, 0.01))
        await _run(pool, command, verb)


async def _run(pool: Pool, command: Hold, verb: Verb) -> None:
    """Carries out one verb. Where it needs another time of day, the row's times are set first."""
    match verb:
        case Verb.EXPIRE:
            await rewrite(pool, OVERDUE, command.id)
            await change(pool, command.id, verb, SYSTEM)
        case Verb.CHECK_IN | Verb.NO_SHOW:
            await begin_visit(pool, command.id)
            await change(pool, command.id, verb)
        case Verb.LAPSE:
            await begin_visit(pool, command.id, LAPSE_AFTER + timedelta(hours=1))
            async with pool.acquire() as connection:
                await booking_state.lapse(connection, command.id, Via.SWEEP)
        case Verb.ASSIGN_CHAIR:
            await pool.execute(ASSIGN_CHAIR, command.id)
        case Verb.RESCHEDULE:
            local = command.starts_at.astimezone(ZoneInfo("Europe/Berlin"))
            move = Move(command.id, uuid7(), starts_at=local + timedelta(weeks=4))
            async with pool.acquire() as connection:
                await moves.reschedule(connection, move, CLINIC, Via.API, Scope())
        case Verb.EDIT:
            await change(pool, command.id, verb, texts={"notes": "new"})
        case Verb.CONFIRM | Verb.EXTEND | Verb.RELEASE:
            await change(pool, command.id, verb, patient(command.patient_id))
        case _:
            await change(pool, command.id, verb)


async def rolled_back(pool: Pool, number: int) -> None:
    """A hold and its release that never come to pass."""
    command = wish(number)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        # A deadlock aborts the transaction, within which no retry can succeed.
        with suppress(asyncpg.InFailedSQLTransactionError):
            await booking.hold(connection, command, patient(command.patient_id), Via.API)
            release = Change(command.id, Verb.RELEASE, uuid7())
            await booking.change(connection, release, CLINIC, Via.API)
            await asyncio.sleep(random.uniform(0, 0.02))
        await transaction.rollback()


async def churn(pool: Pool, numbers: range) -> None:
    """Everyone at once, eight at a time, every fifth in vain."""
    gate = asyncio.Semaphore(8)

    async def turn(number: int) -> None:
        async with gate:
            await (rolled_back if number % 5 == 4 else one_life)(pool, number)

    await asyncio.gather(*(turn(number) for number in numbers))
