"""The topics that a request names."""

from collections.abc import Iterable

from api.http.errors import invalid
from api.state import AppState
from db import catalogue
from db.pool import use
from domain.events import Topic, clinics_of, parse_topics


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
            raise invalid("topics", why)
    return topics
