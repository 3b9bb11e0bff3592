"""Bookings that come and go, some of them rolled back."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from db.demo import DENTISTS, PATIENTS, person_id
from db.pool import Pool
from domain.actors import CLINIC
from domain.appointments import Change, Via
from domain.booking import Verb
from services import booking
from tests.support import change, hold, monday, patient, request

STAFF = [person_id("dentist", name) for name, *_ in DENTISTS]
PEOPLE = [person_id("patient", name) for name, _ in PATIENTS]


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


async def one_life(pool: Pool, number: int) -> UUID | None:
    """Holds, and then extends, confirms or gives up; what is refused has simply not happened."""
    command = wish(number)
    await hold(pool, command)
    for verb in random.choice(
        [[Verb.EXTEND, Verb.RELEASE], [Verb.CONFIRM, Verb.CANCEL], [Verb.EXTEND, Verb.CANCEL]]
    ):
        await asyncio.sleep(random.uniform(0, 0.01))
        await change(pool, command.id, verb, patient(command.patient_id))
    return command.id


async def rolled_back(pool: Pool, number: int) -> None:
    """A hold and its release that never come to pass."""
    command = wish(number)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
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
