"""What came of attempts at webhook deliveries, in Postgres."""

from datetime import timedelta
from uuid import UUID

from db.pool import Connection
from domain.webhooks import GIVE_UP_AFTER, Attempt, AttemptOutcome, DisabledReason, DueDelivery


async def delivered(connection: Connection, delivery: DueDelivery, attempt: Attempt) -> None:
    """Notes that the endpoint took the delivery."""
    await connection.execute(
        """
        with delivery as (
            update webhook_deliveries
               set status = 'delivered', attempts = attempts + 1, outcome = $2, http_status = $3,
                   duration_ms = $4, last_attempt_at = clock_timestamp(),
                   first_attempt_at = coalesce(first_attempt_at, clock_timestamp())
             where id = $1
        )
        update webhook_endpoints
           set failures = 0, failing_since = null, paused_until = null
         where id = $5 and failures > 0
        """,
        delivery.id,
        attempt.outcome,
        attempt.http_status,
        attempt.duration_ms,
        delivery.endpoint_id,
    )


async def failures(connection: Connection, endpoint_id: UUID) -> int:
    """How many attempts at this endpoint have failed in a row."""
    return (
        await connection.fetchval(
            "select failures from webhook_endpoints where id = $1", endpoint_id
        )
        or 0
    )


async def failed(
    connection: Connection,
    delivery: DueDelivery,
    attempt: Attempt,
    pause: timedelta,
    endpoint_pause: timedelta,
    dead_after: timedelta,
) -> None:
    """Notes a failed attempt: when to try this delivery and its endpoint again. Gives the delivery
    up after GIVE_UP_AFTER. Switches the endpoint off if it has failed for `dead_after`, or is gone;
    its deliveries then wait.
    """
    gone = attempt.outcome is AttemptOutcome.GONE
    async with connection.transaction():
        await _retry_or_give_up(connection, delivery.id, attempt, pause)
        await _pause(connection, delivery.endpoint_id, endpoint_pause)
        await _switch_off_if_dead(connection, delivery.endpoint_id, gone, dead_after)


async def _retry_or_give_up(
    connection: Connection, id: UUID, attempt: Attempt, pause: timedelta
) -> None:
    await connection.execute(
        """
        update webhook_deliveries
           set attempts = attempts + 1, outcome = $2, http_status = $3, duration_ms = $4,
               last_attempt_at = clock_timestamp(),
               first_attempt_at = coalesce(first_attempt_at, clock_timestamp()),
               next_attempt_at = clock_timestamp() + $5::interval,
               status = case when first_attempt_at <= clock_timestamp() - $6::interval
                             then 'failed' else status end
         where id = $1
        """,
        id,
        attempt.outcome,
        attempt.http_status,
        attempt.duration_ms,
        pause,
        GIVE_UP_AFTER,
    )


async def _pause(connection: Connection, endpoint_id: UUID, pause: timedelta) -> None:
    await connection.execute(
        """
        update webhook_endpoints
           set failures = failures + 1, paused_until = clock_timestamp() + $2::interval,
               failing_since = coalesce(failing_since, clock_timestamp())
         where id = $1
        """,
        endpoint_id,
        pause,
    )


async def _switch_off_if_dead(
    connection: Connection, endpoint_id: UUID, gone: bool, dead_after: timedelta
) -> None:
    await connection.execute(
        """
        update webhook_endpoints
           set active = false, disabled_at = clock_timestamp(), version = version + 1,
               updated_at = clock_timestamp(), disabled_reason = $4
         where id = $1 and active
           and ($2 or failing_since <= clock_timestamp() - $3::interval)
        """,
        endpoint_id,
        gone,
        dead_after,
        DisabledReason.GONE if gone else DisabledReason.UNREACHABLE,
    )
