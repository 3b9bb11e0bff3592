"""Clinics: where one can book."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from api.answers import edited, etag, one
from api.creations import is_new
from api.dependencies import Caller, IfMatch, Key, Own, expected, new_id
from api.fields import Edit, Name, ZoneName
from api.requests import Body, Number
from api.strict import StrictRoute
from db import catalogue
from db.pool import use
from domain.catalogue import Clinic

router = APIRouter(route_class=StrictRoute, prefix="/api/clinics", tags=["clinics"])

Grid = Annotated[int, Field(ge=1, le=240), Number]


class NewClinic(Body):
    name: Name
    time_zone: ZoneName
    slot_grid_minutes: Grid = 15


class EditClinic(Edit):
    """Another zone or grid changes what is offered; what is booked keeps its instant."""

    name: Name | None = None
    time_zone: ZoneName | None = None
    slot_grid_minutes: Grid | None = None


@router.get("")
async def list_clinics(caller: Caller, own: Own) -> list[Clinic]:
    """All clinics, by name."""
    async with use(own.pool) as connection:
        return await catalogue.clinics(connection)


@router.post("", status_code=201)
async def create_clinic(
    body: NewClinic, response: Response, caller: Caller, own: Own, key: Key = None
) -> Clinic:
    """A new clinic; a repeat under the same key answers 200 with the clinic as it is now."""
    id = new_id(caller, key, "clinic")
    async with use(own.pool) as connection, connection.transaction():
        if await is_new(connection, response, id, key, body):
            await catalogue.add_clinic(connection, id, body.model_dump())
        clinic = one(await catalogue.clinics(connection, id))
    response.headers["Location"] = f"/api/clinics/{id}"
    return etag(response, clinic)


@router.get("/{id}")
async def get_clinic(id: UUID, response: Response, caller: Caller, own: Own) -> Clinic:
    """One clinic, with its version as ETag."""
    async with use(own.pool) as connection:
        return etag(response, one(await catalogue.clinics(connection, id)))


@router.put("/{id}")
async def update_clinic(
    id: UUID,
    body: EditClinic,
    response: Response,
    caller: Caller,
    own: Own,
    versions: IfMatch = None,
) -> Clinic:
    """Changes the fields that are named."""
    async with use(own.pool) as connection, connection.transaction():
        before = one(await catalogue.clinics(connection, id))
        version = expected(versions, before.version)
        edited(await catalogue.change_clinic(connection, id, body.given(), version))
        clinic = one(await catalogue.clinics(connection, id))
    own.committed()
    return etag(response, clinic)
