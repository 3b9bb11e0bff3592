"""Times that a patient can take: no other visit of theirs and no limit is in the way."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from db.pool import Connection
from domain.patient_limits import Limits


class Taker(NamedTuple):
    """For whom times are looked for."""

    patient_id: UUID
    limits: Limits | None = None
    """Of the new hold or booking; null for a move, to which none apply."""


async def takeable(
    connection: Connection,
    taker: Taker,
    dentist_id: UUID,
    starts: Sequence[datetime],
    lasts: timedelta,
    moving: UUID | None,
    most: int,
) -> list[datetime]:
    """The first `most` of these starts, in the order given, that the patient can take. `moving`:
    the booking to be moved there, which is not in its own way.
    """
    found: list[datetime] = await connection.fetchval(
        """
        select takeable_starts(p_patient_id => $1, p_dentist_id => $2, p_starts => $3,
                               p_lasts => $4, p_limits => $5, p_moved_id => $6, p_most => $7)
        """,
        taker.patient_id,
        dentist_id,
        starts,
        lasts,
        taker.limits.of_the_time().packed() if taker.limits else None,
        moving,
        most,
    )
    return found
