"""Other times for whoever cannot have the one that was asked for."""

import asyncio
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from api.offers import Asked, search, shown
from db import clinics
from db.pool import Pool, use
from domain.actors import Actor
from domain.clinic import BoardSlot
from domain.schedules import day_of

MOST = 3
LOOK_AHEAD_DAYS = 3

MEANWHILE = 0.1
"""Seconds for which an answer holds: whoever takes one of its times may still be refused."""


class Wish(NamedTuple):
    dentist_id: UUID
    appointment_type: str
    starts_at: datetime


class Alternatives:
    """Who asks for the same as somebody just did shares the answer: in a storm for one slot all but
    one ask for the same.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._asked: dict[tuple[Wish, bool], asyncio.Task[list[BoardSlot]]] = {}

    async def near(self, wish: Wish, asker: Actor) -> list[BoardSlot]:
        """Up to three free slots with the same dentist, those nearest to the wanted time first. Not
        to be asked with a connection in hand, since this takes one.
        """
        key = wish, asker.is_staff
        if key not in self._asked:
            self._asked[key] = task = asyncio.create_task(self._search(wish, asker))
            task.add_done_callback(lambda _: self._forget_soon(key))
        return await asyncio.shield(self._asked[key])

    def _forget_soon(self, key: tuple[Wish, bool]) -> None:
        asyncio.get_running_loop().call_later(MEANWHILE, self._asked.pop, key)

    async def _search(self, wish: Wish, asker: Actor) -> list[BoardSlot]:
        async with use(self._pool) as connection:
            offer = await clinics.offer(connection, wish.dentist_id, wish.appointment_type, asker)
            if offer is None:
                return []
            day = max(day_of(offer.hours, wish.starts_at), day_of(offer.hours, offer.now))
            free = await search(connection, [offer], Asked(day, LOOK_AHEAD_DAYS))
        nearest = sorted(free, key=lambda found: abs(found[0].starts_at - wish.starts_at))
        return [shown(*found) for found in islice(nearest, MOST)]
