"""The topics that a request names."""

from collections.abc import Iterable
from math import inf

from fastapi import Request

from api.http.errors import invalid
from api.state import AppState
from db import catalogue
from db.pool import use
from domain.actors import Actor
from domain.events import Reader, Topic, are_public, clinics_of, parse_topics


def asks_for_public_topics(request: Request) -> bool:
    """Whether the request names topics, and only public ones."""
    return are_public(
        name for names in request.query_params.getlist("topics") for name in names.split(",")
    )


async def named_topics(state: AppState, names: Iterable[str] | None) -> frozenset[str]:
    """The topics of these names; null: all of them. Raises `validation_failed`, also for a clinic
    that does not exist.
    """
    try:
        topics = parse_topics(Topic if names is None else names)
    except ValueError as error:
        raise invalid("topics", str(error)) from None
    if asked := clinics_of(topics):
        async with use(state.pool) as connection:
            known = {each.id for each in await catalogue.clinics(connection)}
        if unknown := asked - known:
            why = f"unknown clinic {min(unknown)} in a topic; see GET /api/clinics"
            raise invalid("topics", why, "unknown")
    return topics


async def reader_of(
    state: AppState, actor: Actor, topics: frozenset[str], until: float = inf
) -> Reader:
    """The reader of these topics, with the clinics of a receptionist."""
    status = await state.accounts.status(actor)
    return Reader(actor, topics, until, status.clinic_ids if status else frozenset())
