"""`find_slots`: at most ten free times, spread over days and dentists."""

from collections.abc import Iterable, Mapping
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from api.chatbot import documents, texts
from api.chatbot.conversation import Conversation
from api.chatbot.documents import Document
from api.chatbot.models import FindSlots
from api.chatbot.spoken import plain
from api.chatbot.wishes import Wishes
from api.http.errors import Problem, invalid
from db import catalogue, clinics
from db.pool import Connection, use
from domain.clinic import BookingTerms, Dentist
from domain.zones import ONE_DAY
from services import dentist_names, slot_choice, slot_search
from services.slot_choice import FreeStarts, Start

MOST = 10
"""Slots in an answer."""

MOST_CANDIDATES = 10


async def find_slots(conversation: Conversation, arguments: FindSlots) -> Document:
    async with use(conversation.state.pool) as connection:
        dentists = {each.id: each for each in await clinics.dentists(connection)}
        asked_for = _asked_for(arguments, dentists)
        terms_list = await clinics.all_booking_terms(
            connection, arguments.appointment_type, conversation.caller, dentist_ids=asked_for
        )
        if not terms_list:
            raise await _unknown_type(connection, arguments.appointment_type)
        wishes = Wishes.of(arguments, conversation.zone, terms_list[0])
        chosen = await _chosen(connection, terms_list, wishes, arguments)
        later = None if chosen else await _later(connection, terms_list, wishes)
    slots = [_slot(conversation, each, arguments, dentists) for each in chosen]
    document: Document = {
        "say": texts.found(conversation.language, [slot["say"] for slot in slots]),
        "slots": slots,
        "next_step": "Offer one to three of these times. When the person chooses one, call"
        " hold_slot with its dentist_id, starts_at and appointment_type.",
    }
    if not slots:
        document["next_step"] = "Ask for another day, time or dentist, and call find_slots again."
    if later:
        next_free = _slot(conversation, later, arguments, dentists)
        document["next_available"] = next_free
        document["say"] += " " + texts.next_free(conversation.language, next_free["say"])
        document["next_step"] = "Offer next_available, or ask for another day, time or dentist."
    return document


async def _chosen(
    connection: Connection, terms_list: list[BookingTerms], wishes: Wishes, arguments: FindSlots
) -> list[Start]:
    days = wishes.possible()
    if not days:
        return []
    dentists = await _free(connection, terms_list, wishes)
    if arguments.earliest:
        return slot_choice.first(dentists, MOST)
    return slot_choice.spread(dentists, days, MOST)


async def _later(
    connection: Connection, terms_list: list[BookingTerms], wishes: Wishes
) -> Start | None:
    """The first start after the days asked for that otherwise suits; null if there is none."""
    if wishes.not_after or not wishes.possible():
        return None
    first = wishes.first + wishes.days * ONE_DAY
    for days in slot_search.AHEAD:
        dentists = await _free(connection, terms_list, wishes.later(first, days))
        if found := slot_choice.first(dentists, 1):
            return found[0]
        first += days * ONE_DAY
    return None


async def _free(
    connection: Connection, terms_list: list[BookingTerms], wishes: Wishes
) -> list[FreeStarts]:
    found = await slot_search.free_starts(connection, terms_list, wishes.asked())
    return [
        FreeStarts(
            terms,
            filter(partial(wishes.suit, terms=terms), starts),
            wishes.zone or ZoneInfo(terms.hours.time_zone),
        )
        for terms, starts in found
    ]


def _asked_for(arguments: FindSlots, dentists: Mapping[UUID, Dentist]) -> list[UUID] | None:
    """The dentist; null for any. Raises `ambiguous_dentist` or `unknown_dentist`."""
    said = arguments.dentist
    if said is None:
        return None
    if named := dentist_names.by_id(said, dentists):
        return [named.id]
    found = dentist_names.matching(said, dentists.values())
    if len(found) == 1:
        return [found[0].id]
    if found:
        raise Problem(
            "ambiguous_dentist",
            "Several dentists have this name; ask the person which of candidates they mean, and"
            " send its dentist_id as dentist.",
            candidates=_candidates(found),
        )
    raise Problem(
        "unknown_dentist",
        "No dentist has this name; offer candidates, or leave out dentist for any.",
        candidates=_candidates(dentists.values()),
    )


def _candidates(dentists: Iterable[Dentist]) -> list[Document]:
    return [
        {
            "dentist_id": each.id,
            "dentist": plain(each.full_name),
            "specialty": each.specialty and plain(each.specialty),
        }
        for each in list(dentists)[:MOST_CANDIDATES]
    ]


async def _unknown_type(connection: Connection, slug: str) -> Problem:
    known = sorted({each.slug for each in await catalogue.types(connection)})
    if slug in known:
        return invalid("appointment_type", "this clinic does not offer it; choose another")
    return invalid("appointment_type", f"unknown; allowed: {', '.join(known)}")


def _slot(
    conversation: Conversation,
    found: Start,
    arguments: FindSlots,
    dentists: Mapping[UUID, Dentist],
) -> Document:
    start, terms = found
    dentist = dentists.get(terms.dentist_id)
    return documents.slot(
        conversation,
        slot_search.shown(slot_search.free_slot(start, terms.terms), terms),
        arguments.appointment_type,
        dentist.full_name if dentist else "",
    )
