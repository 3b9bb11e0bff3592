"""A worker that is killed between the commit of a `confirm` and the end of its workflow task.

python -m tests.workflows.dying_worker ADDRESS QUEUE DSN
"""

import asyncio
import os
import signal
import sys

from temporalio import activity
from temporalio.client import Client

from activities.advance import BookingActivities
from db.pool import create_pool
from domain.booking import Verb
from domain.messages import AdvanceInput, AdvanceResult
from workflows.worker import build_worker


class Dying(BookingActivities):
    @activity.defn(name="advance")
    async def advance(self, work: AdvanceInput) -> AdvanceResult:
        done = await super().advance(work)
        if any(command.verb == Verb.CONFIRM for command in work.commands):
            os.kill(os.getpid(), signal.SIGKILL)
        return done


async def main(address: str, queue: str, dsn: str) -> None:
    activities = Dying(await create_pool(dsn, 2), lambda: None)
    await build_worker(await Client.connect(address), activities, task_queue=queue).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
