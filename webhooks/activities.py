"""The activity of webhooks: delivers what is due for one endpoint."""

import asyncio
import logging
import random
from contextlib import suppress
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from db import webhook_attempts, webhook_deliveries
from db.pool import Pool, Unavailable, use
from db.tracebacks import without_texts
from domain.webhooks import Attempt, AttemptOutcome, DueDelivery, Retries
from realtime import frames
from realtime.rights import permitted
from webhooks import ACTIVITY, metrics
from webhooks.secrets import SigningSecrets
from webhooks.sender import Sender

RUNS_FOR = 20.0
"""Seconds after which an activity begins no other delivery, so that its result is soon in the
workflow's history.
"""

HEARTBEAT = 1.0

log = logging.getLogger(__name__)


class WebhookActivities:
    def __init__(
        self,
        pool: Pool,
        sender: Sender,
        secrets: SigningSecrets,
        retries: Retries = Retries(),  # noqa: B008 - it is frozen
    ) -> None:
        self._pool = pool
        self._sender = sender
        self._secrets = secrets
        self._retries = retries

    @activity.defn(name=ACTIVITY)
    async def deliver(self, endpoint_id: str) -> float | None:
        """Delivers what is due, one by one, until an attempt fails. Returns the seconds until more
        is due; null if nothing waits.

        Raises ApplicationError of type `unavailable`, without the cause, if the database does not
        answer: the last delivery may have arrived, and is sent once more under the same id.
        """
        beats = asyncio.create_task(_heartbeat())
        try:
            return await self._deliver(UUID(endpoint_id))
        except Exception as error:
            # The original error must not reach Temporal: its message may contain a row.
            if not isinstance(error, Unavailable):  # db/pool.py has logged that
                log.error("webhook endpoint %s: %s", endpoint_id, without_texts(error))
            raise _failed() from None
        finally:
            beats.cancel()
            with suppress(asyncio.CancelledError):
                await beats

    async def _deliver(self, endpoint_id: UUID) -> float | None:
        clock = asyncio.get_running_loop().time
        until = clock() + RUNS_FOR
        while clock() < until:
            async with use(self._pool) as connection:
                due = await webhook_deliveries.next_due(connection, endpoint_id)
            if due is None or not await self._send(due):
                break
        async with use(self._pool) as connection:
            return await webhook_deliveries.due_in(connection, endpoint_id)

    async def _send(self, due: DueDelivery) -> bool:
        """Sends one delivery, or withdraws it if the owner may not see it any more. False if the
        attempt failed.
        """
        if not await permitted(self._pool, due.owner, [due.event]):
            async with use(self._pool) as connection:
                await webhook_deliveries.withdraw(connection, due.id)
            return True
        body = frames.data(due.event, due.now)
        signed = self._secrets.headers(due.id, due.endpoint_id, due.secret_numbers, body, due.now)
        attempt = await self._sender.send(due.url, signed, body)
        metrics.ATTEMPTS.labels(attempt.outcome).inc()
        await self._note(due, attempt)
        return attempt.outcome is AttemptOutcome.DELIVERED

    async def _note(self, due: DueDelivery, attempt: Attempt) -> None:
        async with use(self._pool) as connection:
            if attempt.outcome is AttemptOutcome.DELIVERED:
                await webhook_attempts.delivered(connection, due, attempt)
                return
            in_a_row = await webhook_attempts.failures(connection, due.endpoint_id) + 1
            await webhook_attempts.failed(
                connection,
                due,
                attempt,
                pause=self._retries.pause(due.attempts + 1, random.random(), attempt.retry_after),
                endpoint_pause=self._retries.endpoint_pause(
                    in_a_row, random.random(), attempt.retry_after
                ),
                dead_after=self._retries.dead_after,
            )


async def _heartbeat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT)


def _failed() -> ApplicationError:
    text, expected = "cannot deliver now; see the worker's log", ApplicationErrorCategory.BENIGN
    return ApplicationError(text, type="unavailable", category=expected)
