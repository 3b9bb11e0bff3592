"""Reads the event log in Postgres; db/outbox.py writes it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db.pool import Connection, Unavailable
from domain.actors import Actor
from domain.events import Cursor, Event, Reader, clinics_of

COLUMNS = """
    seq, topic, kind, entity_id, version, audience, payload::text as payload, occurred_at,
    sequenced_at, payload ->> 'clinic_id' as clinic_id, payload ->> 'new_clinic_id' as new_clinic_id
"""


@dataclass(frozen=True, slots=True)
class Position:
    """The end of the log: its epoch, its last sequence number, and the database's clock."""

    epoch: str
    head: int
    now: datetime


class EventsMissing(Unavailable):
    """The log counts events that this connection does not see; another connection may see them.
    Postgres can cache a list of partitions without the newest one, and keep it as long as the
    connection lasts.
    """


async def position(connection: Connection) -> Position:
    """The end of the log at this moment."""
    row = await connection.fetchrow(
        "select epoch, head, clock_timestamp() as now from realtime_epoch"
    )
    return Position(**_one(row))


async def begin_epoch(connection: Connection) -> str:
    """Makes all cursors invalid, so that every reader is told to reload. Returns the new epoch."""
    row = await connection.fetchrow(
        """
        update realtime_epoch set epoch = substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)
        returning epoch
        """
    )
    return str(_one(row)["epoch"])


async def cursor(connection: Connection) -> str:
    """The value of `Event-Cursor`. Read it before the rows it is sent with: a stream that starts
    there then misses nothing, but may repeat a version that the rows already have.
    """
    row = _one(await connection.fetchrow("select epoch, head from realtime_epoch"))
    return str(Cursor(row["epoch"], row["head"]))


async def after(connection: Connection, seq: int, limit: int) -> list[Event]:
    """The next events of the log, in order."""
    rows = await connection.fetch(
        f"select {COLUMNS} from realtime_events where seq > $1 order by seq limit $2",  # noqa: S608
        seq,
        limit,
    )
    return [event(row) for row in rows]


async def missed(
    connection: Connection, reader: Reader, seq: int, until: int, limit: int
) -> list[Event]:
    """Candidates for a reader's first events with `seq` < number <= `until`, in order. The query
    only narrows the search; `Reader.wants` decides.
    """
    clinics = clinics_of(reader.topics)
    names = [topic.split(":") for topic in reader.topics]
    whole = [parts[0] for parts in names if len(parts) == 1]
    entities = [UUID(parts[1]) for parts in names if len(parts) == 2]
    followed = """(topic = any($3::text[]) or entity_id = any($4::uuid[])
                   or topic = 'appointments' and payload ->> 'clinic_id' = any($7::text[]))"""
    if not whole and not clinics:  # so that the index on entity_id can be used
        followed = "$3::text[] is not null and $7::text[] is not null and entity_id = any($4)"
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from realtime_events
         where seq > $1 and seq <= $2 and {followed}
           and ($5::uuid is null or audience is null or $5 = any(audience))
         order by seq limit $6
        """,  # noqa: S608 - COLUMNS and the condition are ours
        seq,
        until,
        whole,
        entities,
        None if reader.actor.sees_all else reader.actor.id,
        limit,
        [str(id) for id in clinics],
    )
    return [event(row) for row in rows]


async def close_if_stale(connection: Connection, seq: int) -> bool:
    """Closes a connection that does not see the event of this number, which is the newest that will
    be read: its list of partitions is an old one (see EventsMissing), or the event is gone. Whether
    it was closed.
    """
    seen = await connection.fetchval(
        "select exists (select from realtime_events where seq = $1)", seq
    )
    if not seen:
        connection.terminate()
    return not seen


async def visible_now(connection: Connection, actor: Actor, ids: Collection[UUID]) -> set[UUID]:
    """Which of these ids the actor may see now: bookings that an agent made for a patient it still
    acts for, bookings of a patient's linked patients, and patients whom the actor created in their
    current role.
    """
    rows = await connection.fetch(
        """
        select a.id from appointments a
         where a.id = any($1) and a.agent_id = $2 and $3 = 'agent'
           and agent_acts_for(p_agent_id => $2, p_patient_id => a.patient_id)
         union all
        select a.id from appointments a join patient_links l on l.patient_id = a.patient_id
         where a.id = any($1) and l.guardian_id = $2 and $3 = 'patient'
         union all
        select p.id from profiles p
         where p.id = any($1) and p.role = 'patient' and p.created_by = $2 and p.created_as = $3
        """,
        list(ids),
        actor.id,
        str(actor.role),
    )
    return {row["id"] for row in rows}


async def oldest(connection: Connection) -> int:
    """The lowest sequence number that the log has or will have; earlier events are gone."""
    seq: int = await connection.fetchval(
        """
        select coalesce((select seq from realtime_events order by seq limit 1),
                        (select head + 1 from realtime_epoch))
        """
    )
    return seq


def event(row: Any) -> Event:
    """The event in a row of COLUMNS."""
    audience = row["audience"]
    return Event(
        seq=row["seq"],
        topic=row["topic"],
        kind=row["kind"],
        entity_id=row["entity_id"],
        version=row["version"],
        audience=None if audience is None else frozenset(audience),
        payload=row["payload"],
        occurred_at=row["occurred_at"],
        sequenced_at=row["sequenced_at"],
        clinic_id=UUID(row["clinic_id"]) if row["clinic_id"] else None,
        new_clinic_id=UUID(row["new_clinic_id"]) if row["new_clinic_id"] else None,
    )


def _one(row: Any) -> dict[str, Any]:
    """The row of `realtime_epoch`, which is missing only after an incomplete restore."""
    if row is None:
        raise LookupError("realtime_epoch is empty: run the migrations")
    return dict(row)
