"""Tickets for event streams: each opens one stream, once, within a minute."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.pool import Connection
from domain.actors import Actor


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose it is, for which topics, and until when its stream may last (seconds since 1970)."""

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
    """Until when it can be used. Those that nobody has used in time are swept out meanwhile."""
    expires_at: datetime = await connection.fetchval(
        """
        with over as (
            delete from stream_tickets where hash = any (array(
                select hash from stream_tickets where expires_at <= clock_timestamp()
                 limit 100 for update skip locked))
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
    """The ticket; null where there is none that is still good."""
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
    """Deletes the ticket. Whether it was there and still good: so for one of many at once."""
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
