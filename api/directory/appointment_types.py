"""Appointment types of a clinic and their terms."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StrictBool, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from api.http.answers import check_version, etag, naming, one
from api.http.body import Body, Edit
from api.http.context import Caller, Creation, IfMatch, State, Visitor
from api.http.errors import invalid
from api.http.idempotency import claim_idempotency_key
from api.http.public import shared
from api.http.strict import StrictRoute
from api.http.texts import Name
from api.http.values import Minutes, Number, Slug
from db import catalogue
from db.pool import use
from domain.catalogue import AppointmentType

router = APIRouter(route_class=StrictRoute, prefix="/api/appointment-types", tags=["clinics"])

LIST = TypeAdapter(list[AppointmentType])

DAY_MINUTES = 24 * 60
"""The longest visit; queries for visits around a time look that far."""

Duration = Annotated[int, Field(ge=1, le=DAY_MINUTES), Number]
Buffer = Annotated[int, Field(ge=0, le=DAY_MINUTES), Number]
Days = Annotated[int, Field(ge=1, le=730), Number]
HoldSeconds = Annotated[int, Field(ge=1, le=86_400), Number]
ApprovalMinutes = Annotated[int, Field(ge=1, le=30 * 24 * 60), Number]


class NewType(Body):
    clinic_id: UUID
    slug: Slug
    name: Name
    duration_minutes: Duration
    buffer_before_minutes: Buffer = 0
    buffer_after_minutes: Buffer = 0
    lead_time_minutes: Minutes = 0
    horizon_days: Days = 90
    hold_seconds: HoldSeconds = 300
    approval_minutes: ApprovalMinutes = 24 * 60
    cancel_notice_minutes: Minutes = 0
    needs_chair: StrictBool = True
    needs_approval: StrictBool = False
    bookable_online: StrictBool = True

    @model_validator(mode="after")
    def _can_be_booked(self) -> Self:
        check_reach(self.lead_time_minutes, self.horizon_days)
        return self


class EditType(Edit):
    """Changes apply to future bookings; existing ones keep their terms."""

    SHAPE = AppointmentType

    slug: Slug | None = None
    name: Name | None = None
    duration_minutes: Duration | None = None
    buffer_before_minutes: Buffer | None = None
    buffer_after_minutes: Buffer | None = None
    lead_time_minutes: Minutes | None = None
    horizon_days: Days | None = None
    hold_seconds: HoldSeconds | None = None
    approval_minutes: ApprovalMinutes | None = None
    cancel_notice_minutes: Minutes | None = None
    needs_chair: StrictBool | None = None
    needs_approval: StrictBool | None = None
    bookable_online: StrictBool | None = None


def check_reach(lead_time_minutes: int, horizon_days: int) -> None:
    """Raises ValueError if no time could ever be booked."""
    if lead_time_minutes > horizon_days * DAY_MINUTES:
        raise PydanticCustomError(
            "unreachable", "lead_time_minutes exceeds horizon_days; nothing could be booked"
        )


@router.get("", response_model=list[AppointmentType])
async def list_types(
    request: Request,
    caller: Visitor,
    state: State,
    clinic_id: Annotated[UUID | None, Query()] = None,
) -> Response:
    """All types by clinic and slug, or those of one clinic. No token is needed; without one the
    answer is cached for two seconds.
    """

    async def read() -> Response:
        async with use(state.pool) as connection:
            found = await catalogue.types(connection, clinic_id)
        return Response(LIST.dump_json(found), media_type="application/json")

    return await shared(request, state, caller, read)


@router.post("", status_code=201)
async def create_type(
    body: NewType, response: Response, context: Creation, state: State
) -> AppointmentType:
    """A new type. A repeat with the same key answers 200 with the type as it is now."""
    id, key = uuid7(), context.idempotency_key(body)
    async with use(state.pool) as connection, connection.transaction():
        if earlier := await claim_idempotency_key(connection, response, key, str(id)):
            id = UUID(earlier)
        else:
            with naming(taken="slug"):
                await catalogue.add_type(connection, id, body.model_dump())
        made = one(await catalogue.types(connection, id=id))
    state.committed()
    response.headers["Location"] = f"/api/appointment-types/{id}"
    return etag(response, made)


@router.get("/{id}")
async def get_type(id: UUID, response: Response, state: State) -> AppointmentType:
    """One type, with its version as ETag. No token is needed."""
    async with use(state.pool) as connection:
        return etag(response, one(await catalogue.types(connection, id=id)))


@router.put("/{id}")
async def update_type(
    id: UUID,
    body: EditType,
    response: Response,
    caller: Caller,
    state: State,
    versions: IfMatch = None,
) -> AppointmentType:
    """Changes the fields in the body."""
    async with use(state.pool) as connection, connection.transaction():
        before = one(await catalogue.types(connection, id=id, locked=True))
        body.check(before)
        _check_change(before, body)
        check_version(versions, before.version)
        with naming(taken="slug"):
            await catalogue.change_type(connection, id, body.given())
        changed = one(await catalogue.types(connection, id=id))
    state.committed()
    return etag(response, changed)


def _check_change(before: AppointmentType, body: EditType) -> None:
    """Raises `validation_failed` if the type could not be booked after the change."""
    lead_time, horizon = body.lead_time_minutes, body.horizon_days
    if lead_time is None and horizon is None:
        return
    try:
        check_reach(
            before.lead_time_minutes if lead_time is None else lead_time,
            before.horizon_days if horizon is None else horizon,
        )
    except ValueError as error:
        field = "horizon_days" if lead_time is None else "lead_time_minutes"
        raise invalid(field, str(error), "unreachable") from None
