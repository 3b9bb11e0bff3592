"""A worker that is killed after a delivery has arrived and before it is noted.

python -m tests.webhooks.dying_worker ADDRESS QUEUE DSN SECRET
"""

import asyncio
import os
import signal
import sys

from temporalio.client import Client

from db.pool import create_pool
from domain.webhooks import Attempt, DueDelivery
from webhooks.activities import WebhookActivities
from webhooks.addresses import AddressPolicy
from webhooks.secrets import SigningSecrets
from webhooks.sender import Sender
from webhooks.worker import build_worker


class Dying(WebhookActivities):
    async def _note(self, due: DueDelivery, attempt: Attempt) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


async def main(address: str, queue: str, dsn: str, secret: str) -> None:
    sender = Sender(AddressPolicy(("127.0.0.0/8",)), allow_http=True)
    secrets = SigningSecrets(bytes.fromhex(secret))
    activities = Dying(await create_pool(dsn, 2), sender, secrets)
    await build_worker(await Client.connect(address), activities, task_queue=queue).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
