"""Slot search for one or all dentists, and explanations of a time."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter

from api.bookings import moves
from api.bookings.moves import Moving
from api.http.context import State, Visitor
from api.http.cursors import PageCursor
from api.http.errors import Problem, invalid
from api.http.public import shared
from api.http.strict import StrictRoute
from api.http.texts import Line
from api.http.values import Day, Digits, Instant, Listed, Slug
from api.scheduling import board
from db import catalogue, clinics
from db.pool import Connection, use
from domain import zones
from domain.actors import Actor
from domain.clinic import BoardSlot, BookingTerms
from domain.part_of_day import BETWEEN, PartOfDay
from domain.zones import ALL_DAY
from services import explanations, slot_search
from services.explanations import Explanation

router = APIRouter(route_class=StrictRoute, prefix="/api/availability", tags=["availability"])

EXPLANATION = TypeAdapter(Explanation)

MAX_DAYS = 31
LARGEST_PAGE = 20_000


@dataclass(frozen=True, slots=True)
class BoardPage:
    items: list[BoardSlot]
    next_cursor: str | None
    next_available: BoardSlot | None
    """The first free slot after the requested days, if these have no slots at all."""


async def shown_in(
    tz: Annotated[
        str | None,
        Query(
            max_length=64,
            description="Time zone of the times in the answer (IANA name). Default: the clinic's.",
            json_schema_extra={"format": "time-zone"},
        ),
    ] = None,
) -> ZoneInfo | None:
    return None if tz is None else _zone(tz)


async def asked(
    date: Annotated[
        Day | None, Query(description="First day, in the clinic's time zone. Default: today.")
    ] = None,
    days: Annotated[int, Query(ge=1, le=MAX_DAYS), Digits] = 1,
    part_of_day: Annotated[
        PartOfDay | None, Query(description="Start before 12:00, from 12:00 to 17:00, or later.")
    ] = None,
    include: Annotated[
        Literal["free", "all"], Query(description="`all` includes held and booked slots.")
    ] = "free",
) -> slot_search.Asked:
    between = BETWEEN[part_of_day] if part_of_day else ALL_DAY
    return slot_search.Asked(date, days, between, include == "all")


Zone = Annotated[ZoneInfo | None, Depends(shown_in)]
Range = Annotated[slot_search.Asked, Depends(asked)]


@router.get("/slots", response_model=BoardPage)
async def search_slots(
    request: Request,
    caller: Visitor,
    state: State,
    asked: Range,
    zone: Zone,
    appointment_type: Annotated[Slug, Query()],
    clinic_id: Annotated[UUID | None, Query()] = None,
    specialty: Annotated[Line | None, Query(max_length=100)] = None,
    dentist_id: Annotated[list[UUID] | None, Query(max_length=50), Listed] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE), Digits] = 1000,
    cursor: PageCursor = None,
    moving: Moving = None,
) -> Response:
    """The slots of all dentists that the filters select, by start. If there are none at all,
    `next_available` is the first free slot after these days. No token is needed; without one the
    answer is cached for two seconds, and `moving` is refused.
    """

    async def read() -> Response:
        async with use(state.pool) as connection:
            terms_list = await clinics.all_booking_terms(
                connection,
                appointment_type,
                caller,
                dentist_ids=dentist_id,
                clinic_id=clinic_id,
                specialty=specialty,
            )
            if not terms_list:
                await _check_type(connection, appointment_type)
            terms_list = await moves.to_move(connection, caller, moving, terms_list)
            found = await slot_search.search(connection, terms_list, asked)
            later = (
                None if found else await slot_search.next_available(connection, terms_list, asked)
            )
        return board.page(board.after(found, cursor) if cursor else found, limit, later, zone)

    return await shared(request, state, caller, read)


@router.get("/{dentist_id}/slots", response_model=list[BoardSlot])
async def list_slots(
    dentist_id: UUID,
    request: Request,
    caller: Visitor,
    state: State,
    asked: Range,
    zone: Zone,
    appointment_type: Annotated[Slug, Query()],
    moving: Moving = None,
) -> Response:
    """The slots of one dentist by start. `include=all` adds held and booked slots. No token is
    needed, as for all dentists.
    """

    async def read() -> Response:
        async with use(state.pool) as connection:
            booking_terms = await _terms(connection, dentist_id, appointment_type, caller, moving)
            found = await slot_search.search(connection, [booking_terms], asked)
        return board.listed(found, zone)

    return await shared(request, state, caller, read)


@router.get("/{dentist_id}/explain", response_model=Explanation, response_model_exclude_none=True)
async def explain_slot(
    dentist_id: UUID,
    request: Request,
    caller: Visitor,
    state: State,
    zone: Zone,
    starts_at: Annotated[Instant, Query()],
    appointment_type: Annotated[Slug, Query()],
    moving: Moving = None,
) -> Response:
    """Why a time is offered or not: all reasons. A hold, or the move of `moving`, would be refused
    for the first one. No token is needed, as for slots.
    """
    private = caller is not None and caller.is_staff

    async def read() -> Response:
        async with use(state.pool) as connection:
            booking_terms = await _terms(connection, dentist_id, appointment_type, caller, moving)
            found = await explanations.explain_time(
                connection, booking_terms, starts_at, zone, moving, private=private
            )
        body = EXPLANATION.dump_json(found, exclude_none=True)
        return Response(body, media_type="application/json")

    return await shared(request, state, caller, read)


async def _check_type(connection: Connection, slug: str) -> None:
    """Raises `validation_failed` for a type that no clinic has."""
    if slug not in {each.slug for each in await catalogue.types(connection)}:
        raise invalid(
            "appointment_type",
            "unknown appointment type; see GET /api/appointment-types",
            "unknown",
        )


async def _terms(
    connection: Connection,
    dentist_id: UUID,
    appointment_type: str,
    caller: Actor | None,
    moving: UUID | None,
) -> BookingTerms:
    """The terms of a dentist for this caller, as they apply to the appointment `moving`. Raises
    `not_found`, and the refusal of a move that would fail at any time.
    """
    booking_terms = await clinics.booking_terms(connection, dentist_id, appointment_type, caller)
    if booking_terms is None:
        raise Problem(
            "not_found",
            "Unknown dentist, or their clinic does not have this type;"
            " see GET /api/profiles/dentists and GET /api/appointment-types.",
        )
    [booking_terms] = await moves.to_move(connection, caller, moving, [booking_terms])
    return booking_terms


def _zone(name: str) -> ZoneInfo:
    """The IANA zone with this name. Raises `validation_failed`."""
    try:
        return zones.named(name)
    except ValueError as error:
        raise invalid("tz", str(error), "invalid_zone") from None
