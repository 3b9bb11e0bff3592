"""Slots as the API shows them: the clinic's calculation over one read of the claims."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from api.errors import invalid
from db import clinics
from db.pool import Connection
from domain.clinic import BoardSlot, Offer
from domain.schedules import day_of
from domain.search import Slot, offered

ALTERNATIVES = 3
LOOK_AHEAD_DAYS = 3
A_DAY = timedelta(days=1)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of this name. Raises `validation_failed`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise invalid("tz", "not an IANA time zone") from None


async def slots(
    connection: Connection,
    dentist_id: UUID,
    offer: Offer,
    first: date,
    days: int,
    shown_in: ZoneInfo | None = None,
    *,
    include_taken: bool = False,
) -> list[BoardSlot]:
    """The slots of `days` days of the clinic from `first`, in order of time."""
    midnight = datetime.combine(first, time(), UTC)
    busy = await clinics.busy(
        connection, offer.dentist_no, midnight - 2 * A_DAY, midnight + (days + 2) * A_DAY
    )
    tz = shown_in or ZoneInfo(offer.hours.time_zone)
    return [
        _shown(slot, dentist_id, offer, tz)
        for n in range(days)
        for slot in offered(
            offer.hours,
            offer.terms,
            first + n * A_DAY,
            busy,
            offer.now,
            include_taken=include_taken,
        )
    ]


async def alternatives(
    connection: Connection, dentist_id: UUID, appointment_type: str, starts_at: datetime
) -> list[BoardSlot]:
    """Up to three free slots with the same dentist, those nearest to the wanted time first."""
    offer = await clinics.offer(connection, dentist_id, appointment_type, None)
    if offer is None:
        return []
    day = max(day_of(offer.hours, starts_at), day_of(offer.hours, offer.now))
    free = await slots(connection, dentist_id, offer, day, LOOK_AHEAD_DAYS)
    nearest = sorted(free, key=lambda slot: abs(slot.starts_at - starts_at))
    return list(islice(nearest, ALTERNATIVES))


def _shown(slot: Slot, dentist_id: UUID, offer: Offer, tz: ZoneInfo) -> BoardSlot:
    return BoardSlot(
        dentist_id,
        slot.starts_at.astimezone(tz),
        slot.ends_at.astimezone(tz),
        offer.hours.time_zone,
        slot.state,
        slot.held_until,
    )
