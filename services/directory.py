"""The public directory of dentists."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from db import clinics
from db.pool import Pool, use
from domain.clinic import Dentist
from services import slot_search

TTL = 2.0
"""Seconds for which the directory is cached."""

LIST = TypeAdapter(list[Dentist])


@dataclass(frozen=True, slots=True)
class Directory:
    dentists: Mapping[UUID, Dentist]
    """By id, ordered by name."""
    json: bytes


async def read_directory(pool: Pool) -> Directory:
    """All bookable dentists, each with the next free time in the clinic's time zone. Raises
    db.pool.Unavailable.
    """
    async with use(pool) as connection:
        found = await clinics.dentists(connection)
        free = await slot_search.next_free(connection, [dentist.id for dentist in found])
    shown = [
        replace(each, next_free_at=free[each.id].astimezone(ZoneInfo(each.time_zone)))
        if each.id in free
        else each
        for each in found
    ]
    return Directory({each.id: each for each in shown}, LIST.dump_json(shown, exclude_none=True))
