"""`find_slots`: at most ten free times, spread over days and dentists."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from api.chatbot import documents, texts
from api.chatbot.conversation import Conversation
from api.chatbot.documents import Document
from api.chatbot.models import FindSlots
from api.chatbot.wishes import Wishes
from api.http.errors import Problem, invalid
from db import catalogue, clinics
from db.pool import Connection, use
from domain.clinic import Dentist
from services import dentist_names, slot_search
from services.slot_search import Found

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
        found = await slot_search.search(connection, terms_list, wishes.asked)
        fitting = [each for each in found if wishes.suit(each)]
        chosen = fitting[:MOST] if arguments.earliest else spread(fitting, MOST)
        later = (
            None
            if chosen
            else await slot_search.next_available(connection, terms_list, wishes.asked)
        )
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


def spread(found: Iterable[Found], most: int) -> list[Found]:
    """Up to `most` of these, in order of time: one of each day in turn, each time of the dentist
    who has been chosen least and at the hour chosen least, until there are enough.
    """
    by_day: dict[object, list[Found]] = defaultdict(list)
    for each in found:
        by_day[slot_search.local_day(each)].append(each)
    chosen: list[Found] = []
    while by_day and len(chosen) < most:
        days = sorted(by_day)  # type: ignore[type-var]
        for day in _evenly(days, most - len(chosen)):
            best = _least_like(by_day[day], chosen)
            chosen.append(best)
            by_day[day].remove(best)
            if not by_day[day]:
                del by_day[day]
    return sorted(chosen, key=lambda each: (each[0].starts_at, each[1].dentist_id))


def _evenly(days: list[object], most: int) -> list[object]:
    """All of them if they are few; else `most`, from the first to the last."""
    if len(days) <= most:
        return days
    if most == 1:
        return days[:1]
    return [days[round(n * (len(days) - 1) / (most - 1))] for n in range(most)]


def _least_like(found: list[Found], chosen: list[Found]) -> Found:
    """The first of those whose dentist and hour have been chosen least."""
    dentists: dict[UUID, int] = defaultdict(int)
    hours: dict[int, int] = defaultdict(int)
    for slot, terms in chosen:
        dentists[terms.dentist_id] += 1
        hours[slot.starts_at.hour] += 1
    return min(
        found,
        key=lambda each: (dentists[each[1].dentist_id], hours[each[0].starts_at.hour]),
    )


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
        {"dentist_id": each.id, "dentist": each.full_name, "specialty": each.specialty}
        for each in list(dentists)[:MOST_CANDIDATES]
    ]


async def _unknown_type(connection: Connection, slug: str) -> Problem:
    known = sorted({each.slug for each in await catalogue.types(connection)})
    if slug in known:
        return invalid("appointment_type", "this clinic does not offer it; choose another")
    return invalid("appointment_type", f"unknown; allowed: {', '.join(known)}")


def _slot(
    conversation: Conversation,
    found: Found,
    arguments: FindSlots,
    dentists: Mapping[UUID, Dentist],
) -> Document:
    dentist = dentists.get(found[1].dentist_id)
    return documents.slot(
        conversation,
        slot_search.shown(*found),
        arguments.appointment_type,
        dentist.full_name if dentist else "",
    )
