"""Slot search for one or many dentists: reads the hours and the claims, then runs the search of
`domain/` over both.
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
from domain.chairs import starts_without_chair
from domain.clinic import BoardSlot, BookingTerms
from domain.schedules import Span, State, Terms, day_of
from domain.search import Slot, SlotSearch, claims_interval
from domain.zones import ALL_DAY, ONE_DAY

AHEAD = (3, 11, 42, 126, 378)
"""Days searched in each step: near days are cheap, and far ones rarely needed."""

PUBLIC_AHEAD = (3, 11, 46)
"""The same for the public directory: 60 days in total."""

Found = tuple[Slot, BookingTerms]
Days = tuple[date, date, tuple[time, time]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The range to search: days of each clinic from `first` (null = today), part of each day."""

    first: date | None = None
    days: int = 1
    between: tuple[time, time] = ALL_DAY
    include_taken: bool = False


async def search(
    connection: Connection, terms_list: Sequence[BookingTerms], asked: Asked
) -> list[Found]:
    """The slots under all these terms, ordered by start, then as in `terms_list`. Takes two
    queries, however many dentists.
    """
    if not terms_list:
        return []
    taken = await _claims(connection, terms_list, asked)
    chairless = _chairless(terms_list, taken)
    by_start: dict[datetime, list[Found]] = defaultdict(list)
    made: dict[UUID, dict[datetime, Slot]] = defaultdict(dict)
    for booking_terms in terms_list:
        slots, days = _slot_search(booking_terms, taken, chairless), _range(booking_terms, asked)
        shared = made[booking_terms.terms.type_id]
        for slot in slots.slots(*days) if asked.include_taken else _free(slots, days, shared):
            by_start[slot.starts_at].append((slot, booking_terms))
    return [found for start in sorted(by_start) for found in by_start[start]]


async def next_available(
    connection: Connection, terms_list: Sequence[BookingTerms], asked: Asked
) -> Found | None:
    """The first free slot after the requested days, within AHEAD and the types' horizons; null if
    there is none.
    """
    if not terms_list:
        return None
    first = max(
        _first_day(terms_list, asked) + asked.days * ONE_DAY, _first_day(terms_list, Asked())
    )
    for days in AHEAD:
        found = await firsts(connection, terms_list, Asked(first, days, asked.between))
        if found:
            return min(found.values(), key=_start)
        first += days * ONE_DAY
    return None


async def next_free(
    connection: Connection, dentist_ids: Sequence[UUID] | None = None
) -> dict[UUID, datetime]:
    """The next free time of each of these dentists (null = all), for the shortest type of their
    clinic that can be booked online. Dentists without one within PUBLIC_AHEAD are left out. Takes
    a bounded number of queries.
    """
    left = await clinics.all_booking_terms(connection, dentist_ids=dentist_ids)
    free: dict[UUID, datetime] = {}
    first = _first_day(left, Asked()) if left else date.max
    for days in PUBLIC_AHEAD:
        if left:
            found = await firsts(connection, left, Asked(first, days))
            free |= {dentist_id: _start(slot) for dentist_id, slot in found.items()}
            left = [
                booking_terms for booking_terms in left if booking_terms.dentist_id not in found
            ]
            first += days * ONE_DAY
    return free


async def firsts(
    connection: Connection, terms_list: Sequence[BookingTerms], asked: Asked
) -> dict[UUID, Found]:
    """The first free slot of each dentist who has one in the requested days."""
    taken = await _claims(connection, terms_list, asked)
    chairless = _chairless(terms_list, taken)
    found: dict[UUID, Found] = {}
    for booking_terms in terms_list:
        starts = _slot_search(booking_terms, taken, chairless).free(*_range(booking_terms, asked))
        for start in islice(starts, 1):
            found[booking_terms.dentist_id] = (
                free_slot(start, booking_terms.terms),
                booking_terms,
            )
    return found


async def free_starts(
    connection: Connection, terms_list: Sequence[BookingTerms], asked: Asked
) -> list[tuple[BookingTerms, Iterator[datetime]]]:
    """The free starts of each dentist in order, computed as they are read."""
    if not terms_list:
        return []
    taken = await _claims(connection, terms_list, asked)
    chairless = _chairless(terms_list, taken)
    return [
        (each, _slot_search(each, taken, chairless).free(*_range(each, asked)))
        for each in terms_list
    ]


def shown(slot: Slot, booking_terms: BookingTerms, tz: ZoneInfo | None = None) -> BoardSlot:
    """The slot as the API shows it, in `tz` or the clinic's zone."""
    zone = tz or ZoneInfo(booking_terms.hours.time_zone)
    return BoardSlot(
        booking_terms.dentist_id,
        slot.starts_at.astimezone(zone),
        slot.ends_at.astimezone(zone),
        booking_terms.hours.time_zone,
        slot.state,
        slot.held_until,
    )


async def _claims(
    connection: Connection, terms_list: Sequence[BookingTerms], asked: Asked
) -> Claims:
    ranges = [_range(booking_terms, asked)[:2] for booking_terms in terms_list]
    asked_for = zip(terms_list, ranges, strict=True)
    spans = {
        claims_interval(booking_terms.hours, booking_terms.terms, *days)
        for booking_terms, days in asked_for
    } - {None}
    return await claims.between(
        connection,
        [booking_terms.dentist_no for booking_terms in terms_list],
        list(
            {
                booking_terms.clinic_id
                for booking_terms in terms_list
                if booking_terms.terms.needs_chair
            }
        ),
        min((span.starts_at for span in spans if span), default=terms_list[0].now),
        max((span.ends_at for span in spans if span), default=terms_list[0].now),
        terms_list[0].moved_id,
    )


def _chairless(terms_list: Sequence[BookingTerms], taken: Claims) -> dict[UUID, list[Span]]:
    """By clinic: all its dentists share its chairs."""
    by_clinic = {booking_terms.clinic_id: booking_terms for booking_terms in terms_list}
    return {
        id: starts_without_chair(booking_terms.terms, taken.chairs.get(id, ()), booking_terms.now)
        for id, booking_terms in by_clinic.items()
    }


def _slot_search(
    booking_terms: BookingTerms, taken: Claims, chairless: Mapping[UUID, Sequence[Span]]
) -> SlotSearch:
    claims = taken.dentists.get(booking_terms.dentist_no, ())
    chairs = chairless[booking_terms.clinic_id]
    return SlotSearch(
        booking_terms.hours,
        booking_terms.terms,
        booking_terms.now,
        claims,
        chairs,
        booking_terms.kept_start,
    )


def _range(booking_terms: BookingTerms, asked: Asked) -> Days:
    first = asked.first or day_of(booking_terms.hours, booking_terms.now)
    return first, first + (asked.days - 1) * ONE_DAY, asked.between


def _free(slots: SlotSearch, days: Days, made: dict[datetime, Slot]) -> Iterator[Slot]:
    """The free slots; `made` holds those that other dentists of the same type have too."""
    for start in slots.free(*days):
        slot = made.get(start)
        if slot is None:
            slot = made[start] = free_slot(start, slots.terms)
        yield slot


def free_slot(start: datetime, terms: Terms) -> Slot:
    """The slot of a free start."""
    return Slot(start, start + terms.duration, State.FREE)


def _first_day(terms_list: Sequence[BookingTerms], asked: Asked) -> date:
    """The earliest first day of any clinic."""
    return asked.first or min(
        day_of(booking_terms.hours, booking_terms.now) for booking_terms in terms_list
    )


def _start(found: Found) -> datetime:
    return found[0].starts_at
