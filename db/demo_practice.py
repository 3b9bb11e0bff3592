"""Demo data of a busy practice: a second clinic, more people, and a calendar that is half full for
two weeks, with a past week of visits. Loading it again changes nothing.

The bookings are made by the functions that the API and the workflow call, so that they obey all
rules. They are made `via` the sweep, which writes nothing to the inbox; at the end all live
bookings are added to the inbox, so that dispatchers start their workflows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

from db import bookings, clinics, demo, inbox, live_bookings, profiles
from db.demo import NAMESPACE, person_id
from db.pool import Connection, connect
from domain.actors import CLINIC, Actor, Role, Scope
from domain.appointments import Change, Hold, Via
from domain.booking import Outcome, Verb
from domain.clinic import BookingTerms
from domain.schedules import day_of
from domain.search import SlotSearch
from domain.zones import ONE_DAY

HARBOUR = uuid5(NAMESPACE, "clinic:harbour")
DENTISTS = (
    ("nora", "Dr. Nora Lindqvist", "General dentistry"),
    ("samuel", "Dr. Samuel Adeyemi", "Oral surgery"),
    ("priya", "Dr. Priya Raman", "Paediatric dentistry"),
)
TYPES: tuple[demo.Type, ...] = (
    ("whitening", "Whitening", 60, 10, 300, True, False),
    ("extraction", "Extraction", 45, 15, 300, True, False),
    ("root-canal", "Root canal treatment", 90, 15, 300, True, True),
)
NAMES = """
    Elif Demir, Farah Haddad, Goran Petrovic, Hana Sato, Ivan Horvat, Jonas Weber, Kofi Mensah,
    Laura Rossi, Marta Nowak, Nils Berg, Olivia Brown, Pavel Dvorak, Quentin Moreau, Rosa Jimenez,
    Sami Virtanen, Tomas Silva, Uma Patel, Viktor Ivanov, Wanda Lewis, Xin Zhao, Yara Cohen,
    Zoe Papadakis, Arjun Mehta, Bianca Costa, Cormac Byrne, Dalia Aziz
"""
PATIENTS = tuple((name.split()[0].lower(), name) for name in NAMES.replace("\n", " ").split(", "))
"""The patients of db/demo.py get no bookings here, so that they are free to use."""

AHEAD, BEHIND = 14, 7
"""Days with bookings in the future (today included) and in the past."""

FULL = timedelta(minutes=240)
"""Time booked of a dentist's day, which usually has nine hours."""


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    booking_terms: BookingTerms
    starts_at: datetime

    @property
    def ends_at(self) -> datetime:
        """The end of the visit with its buffer."""
        return (
            self.starts_at
            + self.booking_terms.terms.duration
            + self.booking_terms.terms.buffer_after
        )


async def load_demo_data(dsn: str) -> None:
    """Loads the demo clinic and the practice into a migrated database. Changes nothing if they
    exist.
    """
    connection = await connect(dsn, "demo data")
    try:
        await demo.load(connection)
        await fill(connection)
    finally:
        await connection.close(timeout=5)


async def fill(connection: Connection) -> int:
    """Creates everything in one transaction, once. Returns the number of bookings. Needs
    `demo.load`.
    """
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(8)")
        if await connection.fetchval("select exists (select from clinics where id = $1)", HARBOUR):
            return 0
        await _places(connection)
        for name, full_name in PATIENTS:
            fields = {"role": Role.PATIENT, "full_name": " ".join(full_name.split())}
            await profiles.create(connection, person_id("patient", name), fields, None)
        made = await _calendar(connection)
        live = await live_bookings.settled(connection, since=0, after=None, limit=made)
        await inbox.look(connection, [booking.id for booking in live])
        return made


async def _places(connection: Connection) -> None:
    await demo.add_clinic(connection, HARBOUR, "Harbour Dental", "America/New_York")
    for clinic, types in ((demo.CLINIC, TYPES), (HARBOUR, demo.TYPES + TYPES)):
        for terms in types:
            id = uuid5(NAMESPACE, f"type:{terms[0]}@{clinic}")
            await demo.add_type(connection, clinic, id, terms)
    await demo.add_desk(connection, "hugo", "Hugo Bell", HARBOUR)
    for name, full_name, specialty in DENTISTS:
        await demo.add_dentist(connection, HARBOUR, name, full_name, specialty)


async def _calendar(connection: Connection) -> int:
    dice, made = Random(8), 0
    slugs = [terms[0] for terms in demo.TYPES + TYPES if terms[0] != "demo-short-hold"]
    all_terms = [
        booking_terms
        for slug in slugs
        for booking_terms in await clinics.all_booking_terms(connection, slug)
    ]
    all_terms.sort(key=lambda booking_terms: booking_terms.dentist_id)
    for _, of_one in groupby(all_terms, key=lambda booking_terms: booking_terms.dentist_id):
        for visit in _picked(list(of_one), dice):
            made += await _book(connection, visit, dice)
    return made


def _picked(all_terms: Sequence[BookingTerms], dice: Random) -> Iterator[PlannedVisit]:
    """Random visits to one dentist that do not overlap, and fill half of each day."""
    possible = [visit for booking_terms in all_terms for visit in _possible(booking_terms)]
    dice.shuffle(possible)
    by_day: dict[object, list[PlannedVisit]] = {}
    for visit in possible:
        day = by_day.setdefault(day_of(visit.booking_terms.hours, visit.starts_at), [])
        apart = all(v.ends_at <= visit.starts_at or visit.ends_at <= v.starts_at for v in day)
        if apart and sum((v.booking_terms.terms.duration for v in day), timedelta()) < FULL:
            day.append(visit)
    for day in by_day.values():
        yield from day


def _possible(booking_terms: BookingTerms) -> Iterator[PlannedVisit]:
    today = day_of(booking_terms.hours, booking_terms.now)
    then = booking_terms.now - BEHIND * ONE_DAY
    for since, first, last in (
        (then, today - (BEHIND - 1) * ONE_DAY, today - ONE_DAY),
        (booking_terms.now, today, today + (AHEAD - 1) * ONE_DAY),
    ):
        for starts_at in SlotSearch(booking_terms.hours, booking_terms.terms, since).free(
            first, last
        ):
            yield PlannedVisit(booking_terms, starts_at)


async def _book(connection: Connection, visit: PlannedVisit, dice: Random) -> bool:
    """Books and confirms a visit. False if the patient or all chairs are taken at that time."""
    patient = person_id("patient", dice.choice(PATIENTS)[0])
    booking_terms = visit.booking_terms
    id, who = uuid7(), Actor(Role.PATIENT, patient)
    asked = Hold(
        id,
        uuid7(),
        booking_terms.dentist_id,
        patient,
        booking_terms.terms.slug,
        visit.starts_at,
        patient,
    )
    result = await bookings.hold(connection, asked, booking_terms, None, who, Via.SWEEP)
    if result is None or result.outcome is not Outcome.DONE:
        return False
    await _change(connection, id, Verb.CONFIRM, who)
    for verb, actor in _afterwards(visit, who, dice):
        await _change(connection, id, verb, actor)
    return True


def _afterwards(visit: PlannedVisit, who: Actor, dice: Random) -> Iterator[tuple[Verb, Actor]]:
    """The commands after the confirmation."""
    if visit.booking_terms.terms.needs_approval and (
        visit.ends_at < visit.booking_terms.now or dice.random() < 0.6
    ):
        yield Verb.APPROVE, CLINIC
    if visit.ends_at >= visit.booking_terms.now:
        if dice.random() < 0.06:
            yield Verb.CANCEL, who
    elif dice.random() < 0.1:
        yield Verb.NO_SHOW, CLINIC
    else:
        for verb in (Verb.CHECK_IN, Verb.START, Verb.COMPLETE):
            yield verb, CLINIC


async def _change(connection: Connection, id: UUID, verb: Verb, actor: Actor) -> None:
    reason = "ill" if verb is Verb.CANCEL else None
    command = Change(id, verb, uuid7(), reason=reason)
    await bookings.change(connection, command, actor, Via.SWEEP, Scope())
