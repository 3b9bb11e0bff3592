"""Baseline (b): the booking as Temporal's own tutorials would have it, on the SDK's defaults.

The workflow places the hold by an activity, waits for the update `confirm` or for the deadline, and
books by another activity. The activities run the very commands that our own bookings run, so that
only the way through Temporal differs.
"""

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from activities import parsing
    from db.pool import Pool, create_pool, use
    from domain.actors import CLINIC
    from domain.appointments import Change, Via
    from domain.booking import Outcome, Verb
    from domain.messages import Booking
    from services import booking as commands
    from settings import Settings

TASK_QUEUE = "textbook"
HOLD_FOR = timedelta(minutes=5)
UNTIL_OVER = timedelta(days=60)
ATTEMPT = timedelta(seconds=10)


@dataclass
class TextbookActivities:
    pool: Pool

    @activity.defn
    async def place_hold(self, booking: Booking) -> str:
        command, actor = parsing.hold(booking)
        async with use(self.pool) as connection:
            return (await commands.hold(connection, command, actor, Via.WORKFLOW)).outcome

    @activity.defn
    async def confirm_hold(self, id: str) -> str:
        return await self._change(UUID(id), Verb.CONFIRM)

    @activity.defn
    async def expire_hold(self, id: str) -> str:
        return await self._change(UUID(id), Verb.EXPIRE)

    async def _change(self, id: UUID, verb: Verb) -> str:
        command = Change(id, verb, uuid5(id, verb))
        async with use(self.pool) as connection:
            return (await commands.change(connection, command, CLINIC, Via.WORKFLOW)).outcome


@workflow.defn
class TextbookBooking:
    @workflow.init
    def __init__(self, booking: Booking) -> None:
        self._booking = booking
        self._held: str | None = None
        self._confirmed = False
        self._cancelled = False

    @workflow.run
    async def run(self, booking: Booking) -> str:
        self._held = await workflow.execute_activity_method(
            TextbookActivities.place_hold, booking, start_to_close_timeout=ATTEMPT
        )
        if self._held != Outcome.DONE:
            return self._held
        try:
            await workflow.wait_condition(lambda: self._confirmed, timeout=HOLD_FOR)
        except TimeoutError:
            return await workflow.execute_activity_method(
                TextbookActivities.expire_hold, booking.id, start_to_close_timeout=ATTEMPT
            )
        await workflow.wait_condition(lambda: self._cancelled, timeout=UNTIL_OVER)
        return "cancelled"

    @workflow.update
    async def confirm(self) -> str:
        await workflow.wait_condition(lambda: self._held is not None)
        outcome = await workflow.execute_activity_method(
            TextbookActivities.confirm_hold, self._booking.id, start_to_close_timeout=ATTEMPT
        )
        self._confirmed = outcome == Outcome.DONE
        return outcome

    @workflow.signal
    def cancel(self) -> None:
        self._cancelled = True


async def _work() -> None:
    settings = Settings()
    pool = await create_pool(settings.database_url.get_secret_value(), settings.database_pool_size)
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    activities = TextbookActivities(pool)
    carried_out = [activities.place_hold, activities.confirm_hold, activities.expire_hold]
    await Worker(
        client, task_queue=TASK_QUEUE, workflows=[TextbookBooking], activities=carried_out
    ).run()


if __name__ == "__main__":
    asyncio.run(_work())
