"""What decided about holds lately, so that the next hold need not read it first."""

import asyncio
from uuid import UUID

from db import clinics
from db.pool import Connection
from domain.actors import Actor
from domain.clinic import BookingTerms

MOST = 2000
"""CachedTerms that are remembered; a dentist has one for each type, and another one for staff."""

OLDEST = 600.0
"""Seconds. Stamps tell of each change, but not of another life of the database, after a restore."""

Wish = tuple[UUID, str, bool]


class CachedTerms:
    """What is remembered may be old, and decides nothing by itself: who holds by it has the
    database compare its stamp with that of what is in force.
    """

    def __init__(self) -> None:
        self._known: dict[Wish, tuple[BookingTerms, float]] = {}

    def known(self, dentist_id: UUID, appointment_type: str, asker: Actor) -> BookingTerms | None:
        """As it was when it was read last, if that was lately."""
        offer, until = self._known.get((dentist_id, appointment_type, asker.is_staff), (None, 0.0))
        return offer if until > asyncio.get_running_loop().time() else None

    async def read(
        self, connection: Connection, dentist_id: UUID, appointment_type: str, asker: Actor
    ) -> BookingTerms | None:
        """As it is now; null where there is no such dentist or no such type."""
        wish = dentist_id, appointment_type, asker.is_staff
        self._known.pop(wish, None)
        offer = await clinics.offer(connection, dentist_id, appointment_type, asker)
        if offer:
            while len(self._known) >= MOST:
                del self._known[next(iter(self._known))]
            self._known[wish] = offer, asyncio.get_running_loop().time() + OLDEST
        return offer
