"""Claims on dentists and chairs, for the search for free time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.pool import Connection
from domain.chairs import Chair
from domain.schedules import Claim, State


@dataclass(frozen=True, slots=True)
class Claims:
    """The active claims that overlap an interval: by dentist, and per clinic for each active chair,
    including chairs without a claim.
    """

    dentists: dict[int, list[Claim]]
    chairs: dict[UUID, list[Chair]]


async def between(
    connection: Connection,
    dentist_nos: Sequence[int],
    clinic_ids: Sequence[UUID],
    starts: datetime,
    ends: datetime,
    own: UUID | None = None,
) -> Claims:
    """The claims on these dentists and on the chairs of these clinics, buffers included, in one
    query. `own`: the booking to be moved, whose claims are left out.
    """
    rows = await connection.fetch(
        """
        select * from claims_between(p_dentist_nos => $1, p_clinic_ids => $2, p_from => $3,
                                     p_until => $4, p_moved_id => $5)
        """,
        dentist_nos,
        clinic_ids,
        starts,
        ends,
        own,
    )
    found = Claims({}, {id: [] for id in clinic_ids})
    for no, clinic_id, kept_until, *arrays in rows:
        claims = [_claim(*claim) for claim in zip(*(a or () for a in arrays), strict=True)]
        if clinic_id is None:
            found.dentists[no] = claims
        else:
            found.chairs[clinic_id].append(Chair(claims, kept_until))
    return found


def _claim(starts_at: datetime, ends_at: datetime, held_until: datetime | None) -> Claim:
    return Claim(starts_at, ends_at, State.HELD if held_until else State.BOOKED, held_until)
