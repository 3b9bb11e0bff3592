"""Profiles: one's own, and those of others for staff and agents."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from uuid_utils.compat import uuid7

from api.directory.profile_bodies import (
    EditMe,
    EditProfile,
    NewProfile,
    PersonRole,
    check_change,
    check_fields,
)
from api.http import cursors
from api.http.answers import check_version, etag, existing, naming
from api.http.context import Caller, Creation, IfMatch, State, actor_id
from api.http.cursors import PageCursor
from api.http.errors import Problem, invalid
from api.http.idempotency import claim_idempotency_key
from api.http.strict import StrictRoute
from api.http.values import Digits
from api.state import AppState
from db import erasures, patients, profiles, reads
from db.pool import Connection, use
from domain.actors import Actor, Role
from domain.names import sought
from domain.people import Erased, Profile

router = APIRouter(route_class=StrictRoute, prefix="/api/profiles", tags=["profiles"])


@dataclass(frozen=True, slots=True)
class People:
    items: list[Profile]
    next_cursor: str | None = None


@router.get("/me", response_model_exclude_none=True)
async def get_me(response: Response, caller: Caller, state: State) -> Profile:
    """One's own profile. A patient's first request creates it."""
    async with use(state.pool) as connection:
        return etag(response, await _found(connection, actor_id(caller), caller))


@router.put("/me", response_model_exclude_none=True)
async def update_me(
    body: EditMe, response: Response, caller: Caller, state: State, versions: IfMatch = None
) -> Profile:
    """Changes the fields in the body; null empties a field."""
    return await _update(actor_id(caller), body, response, caller, state, versions)


@router.get("", response_model_exclude_none=True)
async def list_profiles(
    caller: Caller,
    state: State,
    role: Annotated[PersonRole | None, Query()] = None,
    search: Annotated[
        str | None,
        Query(max_length=200, description="Word prefixes; a profile must match all of them."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200), Digits] = 50,
    cursor: PageCursor = None,
) -> People:
    """Profiles by name. Admins see all, dentists their patients, agents the patients whom they
    created or who granted them access.
    """
    after = cursors.decode(cursor) if cursor else None
    words = sought(search or "")
    if not words and search and not search.isspace():
        raise invalid(
            "search", "must contain a letter or a digit; leave it out to list all", "no_letter"
        )
    async with use(state.pool) as connection:
        items = await profiles.page(connection, caller, role, words, after, limit + 1)
        await reads.record(connection, caller, items[:limit])
    last = items[limit - 1] if len(items) > limit else None
    return People(items[:limit], cursors.encode(last.full_name, last.id) if last else None)


@router.post("", status_code=201, response_model_exclude_none=True)
async def create_profile(
    body: NewProfile, response: Response, context: Creation, state: State
) -> Profile:
    """A new patient without a login; admins can create all roles. Staff with an `email` and without
    an `id` are invited: whoever first signs in with that verified address gets the profile. A
    repeat with the same key answers 200 with the profile as it is now.
    """
    caller = context.actor
    check_fields(caller, body)
    id, key = body.id or uuid7(), context.idempotency_key(body)
    async with use(state.pool) as connection, connection.transaction():
        if earlier := await claim_idempotency_key(connection, response, key, str(id)):
            id = UUID(earlier)
            await reads.record(connection, caller, [await _found(connection, id, caller)])
        else:
            fields = body.model_dump() | {"invited": body.invites}
            with naming(
                taken="email",
                why="waits for its first sign-in in another profile",
                code="waits_for_sign_in",
            ):
                if not await profiles.create(connection, id, fields, caller):
                    raise invalid("id", "is taken", "taken")
        found = await _found(connection, id, caller)
    state.accounts.invalidate(id)
    state.committed()
    response.headers["Location"] = f"/api/profiles/{id}"
    return etag(response, found)


@router.get("/{id:uuid}", response_model_exclude_none=True)
async def get_profile(id: UUID, response: Response, caller: Caller, state: State) -> Profile:
    """One profile, with its version as ETag."""
    async with use(state.pool) as connection:
        found = await _found(connection, id, caller)
        await reads.record(connection, caller, [found])
    return etag(response, found)


@router.put("/{id:uuid}", response_model_exclude_none=True)
async def update_profile(
    id: UUID,
    body: EditProfile,
    response: Response,
    caller: Caller,
    state: State,
    versions: IfMatch = None,
) -> Profile:
    """Changes the fields in the body; null empties a field. `active: false` revokes all tokens of
    this person within a second and ends their streams.
    """
    return await _update(id, body, response, caller, state, versions)


@router.post("/{id}/erase")
async def erase_profile(id: UUID, caller: Caller, state: State) -> Erased:
    """Blanks personal data: the profile, and the texts of the patient's appointments. Times and
    history stay. It cannot be undone.
    """
    if id == caller.id:
        raise invalid("id", "you cannot erase your own profile; ask another admin", "own_account")
    async with use(state.pool) as connection:
        with _keeping_an_admin("id"):
            done = existing(await erasures.erase(connection, id, caller))
    state.accounts.invalidate(id)
    state.committed()
    return done


async def _update(
    id: UUID,
    body: EditMe,
    response: Response,
    caller: Actor,
    state: AppState,
    versions: frozenset[int] | None,
) -> Profile:
    async with use(state.pool) as connection, connection.transaction():
        await profiles.lock(connection, id)
        before = await _found(connection, id, caller)
        if before.erased_at:
            raise invalid("id", "this profile is erased and cannot be changed", "erased")
        body.check(before)
        if isinstance(body, EditProfile):
            check_change(caller, before, body)
            if caller.role is Role.DENTIST and body.changed(before):
                await _check_patient(connection, id, caller)
        check_version(versions, before.version)
        with _keeping_an_admin("role" if "role" in body.model_fields_set else "active"):
            with naming(
                taken="role",
                why="this person has patient records; create another profile",
                code="cannot_change",
            ):
                await profiles.update(connection, id, body.given())
        after = await _found(connection, id, caller)
        await reads.record(connection, caller, [after])
    state.accounts.invalidate(id)
    state.committed()
    return etag(response, after)


async def _check_patient(connection: Connection, id: UUID, dentist: Actor) -> None:
    """Raises `forbidden` if the dentist may only read this profile."""
    if not await patients.may_be_edited_by(connection, id, dentist):
        raise Problem(
            "forbidden",
            "Dentists can change only patients they made or whose visit somebody else booked; ask"
            " the patient or an admin.",
        )


@contextmanager
def _keeping_an_admin(field: str) -> Iterator[None]:
    """Raises `validation_failed` for this field if the change would leave no active admin."""
    try:
        yield
    except profiles.LastAdmin:
        raise invalid(
            field, "this is the last active admin; create another one first", "last_admin"
        ) from None


async def _found(connection: Connection, id: UUID, caller: Actor) -> Profile:
    return existing(await profiles.get(connection, id, caller))
