"""Audit log of staff reads of patient profiles; rows are only ever added."""

from collections.abc import Iterable

from db.pool import Connection
from domain.actors import Actor, Role
from domain.people import Profile


async def record(connection: Connection, reader: Actor, shown: Iterable[Profile]) -> None:
    """Records that `reader` is shown these profiles. Only staff reading patients are recorded. Call
    it before showing them.
    """
    ids = [each.id for each in shown if each.role is Role.PATIENT and each.id != reader.id]
    if ids and reader.is_staff:
        await connection.execute(
            """
            insert into profile_reads (profile_id, reader)
            select id, $2 from unnest($1::uuid[]) id
            """,
            ids,
            str(reader),
        )
