"""Clinics: list, create, change."""

from dataclasses import asdict, dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter
from uuid_utils.compat import uuid7

from api.http.answers import check_version, etag, one
from api.http.body import Body, Edit
from api.http.context import Caller, Creation, IfMatch, State, Visitor
from api.http.idempotency import claim_idempotency_key
from api.http.public import shared
from api.http.strict import StrictRoute
from api.http.texts import Name
from api.http.values import Number, ZoneName
from api.scheduling.schedules import DryRun
from db import catalogue, schedules
from db.pool import Connection, use
from domain.appointments import Appointment
from domain.catalogue import Clinic
from domain.hours import Hours
from services import conflicts

router = APIRouter(route_class=StrictRoute, prefix="/api/clinics", tags=["clinics"])

LIST = TypeAdapter(list[Clinic])

Grid = Annotated[int, Field(ge=1, le=240), Number]


class NewClinic(Body):
    name: Name
    time_zone: ZoneName
    slot_grid_minutes: Grid = 15


class EditClinic(Edit):
    """Another zone or grid changes the slots that are offered; bookings keep their instants."""

    SHAPE = Clinic

    name: Name | None = None
    time_zone: ZoneName | None = None
    slot_grid_minutes: Grid | None = None


@dataclass(frozen=True, slots=True)
class ClinicChanged(Clinic):
    """The clinic as it is now. In a dry run: as it would be, with the conflicts of that."""

    conflicts: list[Appointment] | None = None
    """In a dry run: upcoming bookings that would be outside their dentist's hours or off the grid,
    by start, at most 1,000.
    """
    conflicts_total: int | None = None
    dry_run: bool | None = None
    """True if nothing was changed: `version` and `updated_at` are the present ones."""


@router.get("", response_model=list[Clinic])
async def list_clinics(request: Request, caller: Visitor, state: State) -> Response:
    """All clinics, by name. No token is needed; without one the answer is cached for 2 seconds."""

    async def read() -> Response:
        async with use(state.pool) as connection:
            found = await catalogue.clinics(connection)
        return Response(LIST.dump_json(found), media_type="application/json")

    return await shared(request, state, caller, read)


@router.post("", status_code=201)
async def create_clinic(
    body: NewClinic, response: Response, context: Creation, state: State
) -> Clinic:
    """A new clinic. A repeat with the same key answers 200 with the clinic as it is now."""
    id, key = uuid7(), context.idempotency_key(body)
    async with use(state.pool) as connection, connection.transaction():
        if earlier := await claim_idempotency_key(connection, response, key, str(id)):
            id = UUID(earlier)
        else:
            await catalogue.add_clinic(connection, id, body.model_dump())
        clinic = one(await catalogue.clinics(connection, id))
    response.headers["Location"] = f"/api/clinics/{id}"
    return etag(response, clinic)


@router.get("/{id}")
async def get_clinic(id: UUID, response: Response, state: State) -> Clinic:
    """One clinic, with its version as ETag. No token is needed."""
    async with use(state.pool) as connection:
        return etag(response, one(await catalogue.clinics(connection, id)))


@router.put("/{id}", response_model_exclude_none=True)
async def update_clinic(
    id: UUID,
    body: EditClinic,
    response: Response,
    caller: Caller,
    state: State,
    versions: IfMatch = None,
    dry_run: DryRun = False,
) -> ClinicChanged:
    """Changes the fields in the body. A dry run lists the upcoming bookings that would be outside
    the hours with another zone or grid; bookings keep their instants.
    """
    async with use(state.pool) as connection, connection.transaction():
        clinic = one(await catalogue.clinics(connection, id, locked=True))
        check_version(versions, clinic.version)
        body.check(clinic)
        if dry_run:
            clinic = replace(clinic, **body.given())
            left = await conflicts.under(connection, await _hours(connection, clinic), on_grid=True)
            return ClinicChanged(
                **asdict(etag(response, clinic)),
                conflicts=left.first,
                conflicts_total=left.total,
                dry_run=True,
            )
        await catalogue.change_clinic(connection, id, body.given())
        clinic = one(await catalogue.clinics(connection, id))
    state.committed()
    return ClinicChanged(**asdict(etag(response, clinic)))


async def _hours(connection: Connection, clinic: Clinic) -> dict[UUID, Hours]:
    """The hours of its dentists, with its zone and grid."""
    zone, grid = clinic.time_zone, clinic.slot_grid_minutes
    return {
        each.dentist_id: replace(each.hours, time_zone=zone, grid_minutes=grid)
        for each in await schedules.of_clinic(connection, clinic.id)
    }
