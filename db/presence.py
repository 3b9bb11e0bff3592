"""Which processes are there: each worker keeps one named connection, which ends when it does."""

from db.pool import Connection

WORKER = "worker"


async def workers(connection: Connection) -> int:
    """How many workers are connected to this database."""
    count: int = await connection.fetchval(
        """
        select count(*) from pg_stat_activity
         where datname = current_database() and application_name = $1
        """,
        f"chairtime {WORKER}",
    )
    return count
