"""Caches booking terms, so that most holds need no read before their command."""

from uuid import UUID

from db import clinics
from db.pool import Connection
from domain.actors import Actor
from domain.clinic import BookingTerms
from services.cache import Cache

MOST = 2000
"""Cached entries: one per dentist and type, and another one for staff."""

TTL = 600.0
"""Seconds. Versions reveal every change, except when the database was restored from a backup."""


class CachedTerms:
    """An entry may be outdated and decides nothing by itself: when a hold uses it, the database
    compares its version with the current one.
    """

    def __init__(self) -> None:
        self._cache = Cache[tuple[UUID, str, bool], BookingTerms](TTL, MOST)

    def known(self, dentist_id: UUID, appointment_type: str, asker: Actor) -> BookingTerms | None:
        """The terms as last read, if within TTL."""
        return self._cache.peek((dentist_id, appointment_type, asker.is_staff))

    async def read(
        self, connection: Connection, dentist_id: UUID, appointment_type: str, asker: Actor
    ) -> BookingTerms | None:
        """The terms as they are now; null for an unknown dentist or type."""
        key = dentist_id, appointment_type, asker.is_staff
        self._cache.drop(key)
        booking_terms = await clinics.booking_terms(connection, dentist_id, appointment_type, asker)
        if booking_terms:
            self._cache.put(key, booking_terms)
        return booking_terms
