"""Tickets for event streams: each opens one stream, once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.pool import Connection
from domain.actors import Actor


@dataclass(frozen=True, slots=True)
class Ticket:
    """Its owner, its topics, and the latest end of its stream (seconds since 1970)."""

    actor: Actor
    topics: frozenset[str]
    until: float


async def add(
    connection: Connection,
    hashed: bytes,
    actor: Actor,
    topics: Collection[str],
    until: float,
    lasts: timedelta,
) -> datetime:
    """Stores a ticket and returns when it expires. Also deletes some expired tickets."""
    expires_at: datetime = await connection.fetchval(
        """
        with over as (
            delete from stream_tickets where hash = any (array(
                select hash from stream_tickets where expires_at <= statement_timestamp()
                 order by expires_at limit 100 for update skip locked))
        )
        insert into stream_tickets (hash, caller, topics, until, expires_at)
        values ($1, $2, $3, $4::float8,
                least(clock_timestamp() + $5, to_timestamp(least($4, 1e11::float8))))
        returning expires_at
        """,
        hashed,
        str(actor),
        sorted(topics),
        until,
        lasts,
    )
    return expires_at


async def find(connection: Connection, hashed: bytes) -> Ticket | None:
    """The ticket; null if there is none or it has expired."""
    row = await connection.fetchrow(
        """
        select caller, topics, until from stream_tickets
         where hash = $1 and expires_at > clock_timestamp()
        """,
        hashed,
    )
    if row is None:
        return None
    return Ticket(Actor.parse(row["caller"]), frozenset(row["topics"]), row["until"])


async def use_up(connection: Connection, hashed: bytes) -> bool:
    """Deletes the ticket. True if it existed and had not expired; of concurrent calls, only one
    gets true.
    """
    return (
        await connection.fetchval(
            """
        delete from stream_tickets where hash = $1 and expires_at > clock_timestamp()
        returning true
        """,
            hashed,
        )
        is not None
    )
