"""Caches booking terms, so that most holds need no read before their command."""

import asyncio
from uuid import UUID

from db import clinics
from db.pool import Connection
from domain.actors import Actor
from domain.clinic import BookingTerms

MOST = 2000
"""Cached entries: one per dentist and type, and another one for staff."""

TTL = 600.0
"""Seconds. Versions reveal every change, except when the database was restored from a backup."""

TermsKey = tuple[UUID, str, bool]


class CachedTerms:
    """An entry may be outdated and decides nothing by itself: when a hold uses it, the database
    compares its version with the current one.
    """

    def __init__(self) -> None:
        self._entries: dict[TermsKey, tuple[BookingTerms, float]] = {}

    def known(self, dentist_id: UUID, appointment_type: str, asker: Actor) -> BookingTerms | None:
        """The terms as last read, if within TTL."""
        booking_terms, until = self._entries.get(
            (dentist_id, appointment_type, asker.is_staff), (None, 0.0)
        )
        return booking_terms if until > asyncio.get_running_loop().time() else None

    async def read(
        self, connection: Connection, dentist_id: UUID, appointment_type: str, asker: Actor
    ) -> BookingTerms | None:
        """The terms as they are now; null for an unknown dentist or type."""
        key = dentist_id, appointment_type, asker.is_staff
        self._entries.pop(key, None)
        booking_terms = await clinics.booking_terms(connection, dentist_id, appointment_type, asker)
        if booking_terms:
            while len(self._entries) >= MOST:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = booking_terms, asyncio.get_running_loop().time() + TTL
        return booking_terms
