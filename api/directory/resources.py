"""Resources: chairs and dentists, each of which can be booked once at a time."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import StrictBool

from api.http.answers import check_version, etag, naming, one
from api.http.body import Body, Edit
from api.http.context import Caller, Creation, IfMatch, State
from api.http.errors import invalid
from api.http.idempotency import claim_idempotency_key
from api.http.strict import StrictRoute
from api.http.texts import Name
from api.http.values import LARGEST_INT, Digits
from db import catalogue, idempotency
from db.pool import use
from domain.catalogue import Resource, ResourceKind

router = APIRouter(route_class=StrictRoute, prefix="/api/resources", tags=["clinics"])

Number = Annotated[int, Path(ge=1, le=LARGEST_INT), Digits]


class NewChair(Body):
    """A new chair. A dentist's resource is created with their profile."""

    clinic_id: UUID
    name: Name


class EditChair(Edit):
    SHAPE = Resource

    name: Name | None = None
    active: StrictBool | None = None
    """False: it is not offered any more; its bookings stay."""


@router.get("", response_model_exclude_none=True)
async def list_resources(
    caller: Caller,
    state: State,
    clinic_id: Annotated[UUID | None, Query()] = None,
    kind: Annotated[ResourceKind | None, Query()] = None,
) -> list[Resource]:
    """Chairs and dentists of all clinics, or of one."""
    async with use(state.pool) as connection:
        return await catalogue.resources(connection, clinic_id, kind)


@router.post("", status_code=201, response_model_exclude_none=True)
async def create_resource(
    body: NewChair, response: Response, context: Creation, state: State
) -> Resource:
    """A new chair, whose name must be unique in its clinic. A repeat with the same key answers 200
    with the chair as it is now.
    """
    key = context.idempotency_key(body)
    async with use(state.pool) as connection, connection.transaction():
        if earlier := await claim_idempotency_key(connection, response, key):
            no = int(earlier)
        else:
            with naming(taken="name"):
                no = await catalogue.add_chair(connection, body.clinic_id, body.name)
            if key:
                await idempotency.set_target(connection, key, str(no))
        chair = one(await catalogue.resources(connection, no=no))
    state.committed()
    response.headers["Location"] = f"/api/resources/{chair.no}"
    return etag(response, chair)


@router.get("/{no}", response_model_exclude_none=True)
async def get_resource(no: Number, response: Response, caller: Caller, state: State) -> Resource:
    """One chair or dentist, with its version as ETag."""
    async with use(state.pool) as connection:
        return etag(response, one(await catalogue.resources(connection, no=no)))


@router.put("/{no}", response_model_exclude_none=True)
async def update_resource(
    no: Number,
    body: EditChair,
    response: Response,
    caller: Caller,
    state: State,
    versions: IfMatch = None,
) -> Resource:
    """Changes a chair. To change a dentist, change their profile."""
    async with use(state.pool) as connection, connection.transaction():
        before = one(await catalogue.resources(connection, no=no, locked=True))
        body.check(before)
        if before.kind is not ResourceKind.CHAIR and body.changed(before):
            raise invalid("no", "is a dentist; change their profile instead", "cannot_change")
        check_version(versions, before.version)
        if before.kind is not ResourceKind.CHAIR:
            return etag(response, before)
        with naming(taken="name"):
            await catalogue.change_chair(connection, no, body.given())
        changed = one(await catalogue.resources(connection, no=no))
    state.committed()
    return etag(response, changed)
