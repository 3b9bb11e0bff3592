"""What is on offer, for one dentist or many: one read of the hours, one of the claims, and the
domain's search over both.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from db import claims, clinics
from db.claims import Claims
from db.pool import Connection
from domain.chairs import without_chair
from domain.clinic import BoardSlot, BookingTerms
from domain.schedules import Span, State, Terms, day_of
from domain.search import Diary, Slot, concerned
from domain.zones import ALL_DAY, ONE_DAY

AHEAD = (3, 11, 42, 126, 378)
"""Days of each step of a search ahead: near days are cheap, and far ones rarely needed."""

PUBLIC_AHEAD = (3, 11, 46)
"""The same where everybody may ask: 60 days in all."""

Found = tuple[Slot, BookingTerms]
Days = tuple[date, date, tuple[time, time]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched: days of each clinic from `first` (null = its today), a part of each day."""

    first: date | None = None
    days: int = 1
    between: tuple[time, time] = ALL_DAY
    include_taken: bool = False


async def search(
    connection: Connection, offers: Sequence[BookingTerms], asked: Asked
) -> list[Found]:
    """The slots of all these offers by start, and for one start in the order of the offers. Two
    queries, however many offers.
    """
    if not offers:
        return []
    taken = await _claims(connection, offers, asked)
    chairless = _chairless(offers, taken)
    by_start: dict[datetime, list[Found]] = defaultdict(list)
    made: dict[UUID, dict[datetime, Slot]] = defaultdict(dict)
    for offer in offers:
        diary, days = _diary(offer, taken, chairless), _range(offer, asked)
        shared = made[offer.terms.type_id]
        for slot in diary.slots(*days) if asked.include_taken else _free(diary, days, shared):
            by_start[slot.starts_at].append((slot, offer))
    return [found for start in sorted(by_start) for found in by_start[start]]


async def next_available(
    connection: Connection, offers: Sequence[BookingTerms], asked: Asked
) -> Found | None:
    """The first free slot after the days that were asked for, at most AHEAD and within the types'
    horizons.
    """
    if not offers:
        return None
    first = max(_first_day(offers, asked) + asked.days * ONE_DAY, _first_day(offers, Asked()))
    for days in AHEAD:
        found = await firsts(connection, offers, Asked(first, days, asked.between))
        if found:
            return min(found.values(), key=_start)
        first += days * ONE_DAY
    return None


async def next_free(
    connection: Connection, dentist_ids: Sequence[UUID] | None = None
) -> dict[UUID, datetime]:
    """When each of these dentists (null = all) is next free, for the shortest type of their clinic
    that can be booked online. Whoever is not free within PUBLIC_AHEAD is left out. A bounded
    number of queries.
    """
    left = await clinics.offers(connection, dentist_ids=dentist_ids)
    free: dict[UUID, datetime] = {}
    first = _first_day(left, Asked()) if left else date.max
    for days in PUBLIC_AHEAD:
        if left:
            found = await firsts(connection, left, Asked(first, days))
            free |= {dentist_id: _start(slot) for dentist_id, slot in found.items()}
            left = [offer for offer in left if offer.dentist_id not in found]
            first += days * ONE_DAY
    return free


async def firsts(
    connection: Connection, offers: Sequence[BookingTerms], asked: Asked
) -> dict[UUID, Found]:
    """The first free slot of each dentist who has one in the days that are asked for."""
    taken = await _claims(connection, offers, asked)
    chairless = _chairless(offers, taken)
    found: dict[UUID, Found] = {}
    for offer in offers:
        starts = _diary(offer, taken, chairless).free(*_range(offer, asked))
        for start in islice(starts, 1):
            found[offer.dentist_id] = (_free_slot(start, offer.terms), offer)
    return found


def shown(slot: Slot, offer: BookingTerms, tz: ZoneInfo | None = None) -> BoardSlot:
    """A slot as the API tells of it, in the clinic's zone unless another one is given."""
    zone = tz or ZoneInfo(offer.hours.time_zone)
    return BoardSlot(
        offer.dentist_id,
        slot.starts_at.astimezone(zone),
        slot.ends_at.astimezone(zone),
        offer.hours.time_zone,
        slot.state,
        slot.held_until,
    )


async def _claims(connection: Connection, offers: Sequence[BookingTerms], asked: Asked) -> Claims:
    ranges = [_range(offer, asked)[:2] for offer in offers]
    asked_for = zip(offers, ranges, strict=True)
    spans = {concerned(offer.hours, offer.terms, *days) for offer, days in asked_for} - {None}
    return await claims.between(
        connection,
        [offer.dentist_no for offer in offers],
        list({offer.clinic_id for offer in offers if offer.terms.needs_chair}),
        min((span.starts_at for span in spans if span), default=offers[0].now),
        max((span.ends_at for span in spans if span), default=offers[0].now),
        offers[0].moves,
    )


def _chairless(offers: Sequence[BookingTerms], taken: Claims) -> dict[UUID, list[Span]]:
    """By clinic: all its dentists share its chairs, and its terms."""
    by_clinic = {offer.clinic_id: offer for offer in offers}
    return {
        id: without_chair(offer.terms, taken.chairs.get(id, ()), offer.now)
        for id, offer in by_clinic.items()
    }


def _diary(offer: BookingTerms, taken: Claims, chairless: Mapping[UUID, Sequence[Span]]) -> Diary:
    busy = taken.dentists.get(offer.dentist_no, ())
    chairs = chairless[offer.clinic_id]
    return Diary(offer.hours, offer.terms, offer.now, busy, chairs, offer.kept_start)


def _range(offer: BookingTerms, asked: Asked) -> Days:
    first = asked.first or day_of(offer.hours, offer.now)
    return first, first + (asked.days - 1) * ONE_DAY, asked.between


def _free(diary: Diary, days: Days, made: dict[datetime, Slot]) -> Iterator[Slot]:
    """The free slots; those that others of the same type have too are made once."""
    for start in diary.free(*days):
        slot = made.get(start)
        if slot is None:
            slot = made[start] = _free_slot(start, diary.terms)
        yield slot


def _free_slot(start: datetime, terms: Terms) -> Slot:
    return Slot(start, start + terms.duration, State.FREE)


def _first_day(offers: Sequence[BookingTerms], asked: Asked) -> date:
    """The first day in any of the clinics."""
    return asked.first or min(day_of(offer.hours, offer.now) for offer in offers)


def _start(found: Found) -> datetime:
    return found[0].starts_at
