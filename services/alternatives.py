"""Alternatives for a slot that cannot be had, and the caller's own booking that blocks it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from db import appointments, clinics, patient_times
from db.appointments import Blocking
from db.patient_times import Taker
from db.pool import Connection, Pool, Unavailable, use
from db.tracebacks import without_texts
from domain.actors import Actor, Role, Scope
from domain.clinic import BoardSlot, BookingTerms
from domain.schedules import bookable_range, day_of
from domain.zones import ONE_DAY
from services.cache import Cache
from services.slot_search import Asked, Found, search, shown

MOST = 3
WINDOWS = (3, 11, 42, 84)
"""Days searched in each step; the last is repeated up to the horizon. Near days are cheap."""

FARTHEST = 730 * ONE_DAY
"""The longest horizon of an appointment type."""

CACHE_SECONDS = 0.1
"""Seconds for which an answer is reused; a hold of one of its times may still be refused."""

QUERY_TIMEOUT = 1.0
"""Seconds that a refusal waits for its alternatives; after that it is sent without them."""

logger = logging.getLogger(__name__)


class WantedSlot(NamedTuple):
    dentist_id: UUID
    appointment_type: str
    starts_at: datetime
    moving: UUID | None = None
    """The booking that was to move there, if any; the caller may see it."""
    start_taken: bool = False
    """Whether to leave the wanted start out of the alternatives."""


class Alternatives:
    """Answers requests for the same slot with one query, as most requests of a storm are. Never
    raises: a failure here must not replace the refusal that it belongs to.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._cache = Cache[object, list[Any]](CACHE_SECONDS)

    async def near(
        self, wanted_slot: WantedSlot, asker: Actor, taker: Taker | None = None
    ) -> list[BoardSlot]:
        """Up to three free slots of the same dentist that the taker can take (null: anybody),
        nearest first; none if the database does not answer in time. Takes a connection: do not
        call it while holding one.
        """
        shared: list[BoardSlot] = await self._cached(
            (wanted_slot, asker.is_staff),
            lambda connection: nearest(connection, wanted_slot, asker),
        )
        if taker is None or not shared:
            return shared

        async def own(connection: Connection) -> list[BoardSlot]:
            if await _suit(connection, shared, wanted_slot, taker):
                return shared
            return await nearest(connection, wanted_slot, asker, taker)

        return await self._cached((wanted_slot, asker.is_staff, taker), own)

    async def own(
        self, wanted_slot: WantedSlot, asker: Actor, within: Scope, patient_id: UUID
    ) -> UUID | None:
        """The id of the asker's own booking that blocks this slot, if they may see it; never the
        booking that is to be moved. For an agent only one of the same patient, as it must not
        tell one person about the booking of another.
        """
        found: list[Blocking] = await self._cached(
            (wanted_slot, "blocking"),
            lambda connection: appointments.blocking(connection, *wanted_slot[:4]),
        )
        mine = [
            each.id
            for each in found
            if asker.id in (each.patient_id, each.caller)
            and (asker.role is not Role.AGENT or each.patient_id == patient_id)
        ]

        async def visible(connection: Connection) -> list[UUID]:
            return [id for id in mine if await appointments.get(connection, id, within)]

        may_see = await self._cached((wanted_slot, asker, patient_id), visible) if mine else []
        return may_see[0] if may_see else None

    async def _cached(
        self, key: object, question: Callable[[Connection], Awaitable[list[Any]]]
    ) -> list[Any]:
        try:
            async with asyncio.timeout(QUERY_TIMEOUT):
                return await self._cache.get(key, lambda: self._ask(question))
        except TimeoutError:
            return []

    async def _ask(self, question: Callable[[Connection], Awaitable[list[Any]]]) -> list[Any]:
        try:
            async with use(self._pool) as connection:
                return await question(connection)
        except Unavailable:
            pass  # db/pool.py has logged it
        except Exception as error:
            logger.error("sending a refusal without alternatives: %s", without_texts(error))
        return []


async def nearest(
    connection: Connection, wanted_slot: WantedSlot, asker: Actor, taker: Taker | None = None
) -> list[BoardSlot]:
    """Up to MOST free slots that the taker can take, nearest first. Searches from the wanted day to
    the horizon, then the days before it.
    """
    booking_terms = await clinics.booking_terms(
        connection, wanted_slot.dentist_id, wanted_slot.appointment_type, asker
    )
    if booking_terms is None:
        return []
    moving = wanted_slot.moving and await appointments.get_with_policy(
        connection, wanted_slot.moving, Scope()
    )
    booking_terms = moving.terms_after_move(booking_terms) if moving else booking_terms
    excluded = {
        booking_terms.kept_start if moving and moving.is_with(booking_terms) else None,
        wanted_slot.starts_at if wanted_slot.start_taken else None,
    }
    found: list[Found] = []
    for asked in _windows(booking_terms, wanted_slot.starts_at):
        free = await search(connection, [booking_terms], asked)
        near = [each for each in free if each[0].starts_at not in excluded]
        near.sort(key=lambda each: abs(each[0].starts_at - wanted_slot.starts_at))
        found += await _takeable(connection, near, wanted_slot, taker) if taker else near
        if len(found) >= MOST:
            break
    found.sort(key=lambda each: abs(each[0].starts_at - wanted_slot.starts_at))
    return [shown(*each) for each in islice(found, MOST)]


async def _takeable(
    connection: Connection, near: list[Found], wanted_slot: WantedSlot, taker: Taker
) -> list[Found]:
    """The first MOST of these slots that the taker can take."""
    slots = {slot.starts_at: (slot, terms) for slot, terms in near}
    starts = await patient_times.takeable(
        connection,
        taker,
        wanted_slot.dentist_id,
        list(slots),
        near[0][1].terms.duration if near else timedelta(0),
        wanted_slot.moving,
        MOST,
    )
    return [slots[start] for start in starts]


async def _suit(
    connection: Connection, slots: list[BoardSlot], wanted_slot: WantedSlot, taker: Taker
) -> bool:
    """Whether the taker can take all of these slots."""
    starts = await patient_times.takeable(
        connection,
        taker,
        wanted_slot.dentist_id,
        [each.starts_at for each in slots],
        slots[0].ends_at - slots[0].starts_at,
        wanted_slot.moving,
        len(slots),
    )
    return len(starts) == len(slots)


def _windows(booking_terms: BookingTerms, starts_at: datetime) -> Iterator[Asked]:
    """Growing windows of days: first from the wanted day to the horizon, then back to today. Staff
    have no horizon; for them the search ends FARTHEST after the wanted day.
    """
    earliest, latest = bookable_range(booking_terms.terms, booking_terms.now)
    latest = min(latest, max(starts_at, booking_terms.now) + FARTHEST)
    first, last = day_of(booking_terms.hours, earliest), day_of(booking_terms.hours, latest)
    wanted = min(max(day_of(booking_terms.hours, starts_at), first), last)
    yield from _growing(wanted, last, ONE_DAY)
    yield from _growing(wanted - ONE_DAY, first, -ONE_DAY)


def _growing(start: date, end: date, step: timedelta) -> Iterator[Asked]:
    """The days from `start` to `end`, both included, in the direction of `step`."""
    left, windows = (end - start) // step + 1, iter(WINDOWS)
    while left > 0:
        days = min(left, next(windows, WINDOWS[-1]))
        edge = start + (days - 1) * step
        yield Asked(min(start, edge), days)
        start, left = edge + step, left - days
