"""What sends webhooks, in the test's own process: feeder, worker and the API that makes events."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
from temporalio.client import Client

from db.pool import Pool
from domain.webhooks import Retries
from settings import Settings
from tests.support import AMARA, monday
from webhooks.activities import WebhookActivities
from webhooks.addresses import AddressPolicy
from webhooks.feeder import Feeder
from webhooks.secrets import SigningSecrets
from webhooks.sender import Sender
from webhooks.worker import build_worker

QUICK = Retries(first=0.05, longest=0.2, longest_of_endpoint=0.2)


@dataclass
class Bot:
    """An agent, its endpoint and its patients."""

    api: httpx2.AsyncClient
    headers: dict[str, str]
    id: str = ""
    secret: str = ""
    patient: str = ""

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = await self.api.request(method, path, json=body, headers=self.headers | headers)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def subscribe(self, url: str, *topics: str, **fields: Any) -> dict[str, Any]:
        body = {"url": url, "topics": topics or ["appointments"]} | fields
        made = await self.ask("POST", "/api/webhooks", body)
        self.id, self.secret = made["id"], made["secret"]
        return made

    async def hold(self, hour: int = 9, weeks: int = 1) -> dict[str, Any]:
        """A hold for a new patient, as one patient may not have many."""
        made = await self.ask("POST", "/api/profiles", {"full_name": "Eva Novak"})
        self.patient = made["id"]
        body = {"dentist_id": str(AMARA), "patient_id": self.patient}
        body |= {"appointment_type": "checkup", "starts_at": monday(hour, 0, weeks).isoformat()}
        return await self.ask("POST", "/api/availability/reserve", body)

    async def release(self, held: dict[str, Any]) -> None:
        path = f"/api/availability/reserve/{held['id']}"
        await self.ask("DELETE", path, **{"X-Hold-Token": held["hold_token"]})

    async def endpoint(self) -> dict[str, Any]:
        return await self.ask("GET", f"/api/webhooks/{self.id}")

    async def deliveries(self, query: str = "") -> list[dict[str, Any]]:
        return (await self.ask("GET", f"/api/webhooks/{self.id}/deliveries{query}"))["items"]


@dataclass
class Backend:
    client: Client
    pool: Pool
    dsn: str
    settings: Settings
    queue: str

    def activities(self, retries: Retries = QUICK, **sender: Any) -> WebhookActivities:
        return WebhookActivities(
            self.pool,
            Sender(AddressPolicy(("127.0.0.0/8",)), **{"allow_http": True} | sender),
            SigningSecrets(self.settings.webhook_secret_bytes),
            retries,
        )

    @asynccontextmanager
    async def running(self, **sender: Any) -> AsyncIterator[None]:
        async with self.feeding(), self.working(**sender):
            yield

    @asynccontextmanager
    async def feeding(self) -> AsyncIterator[None]:
        feeder = Feeder(self.dsn, self.client, task_queue=self.queue, poll=0.05)
        await feeder.start()
        try:
            yield
        finally:
            await feeder.stop()

    @asynccontextmanager
    async def working(self, **sender: Any) -> AsyncIterator[None]:
        activities = self.activities(**sender)
        async with build_worker(
            self.client,
            activities,
            task_queue=self.queue,
            graceful_shutdown_timeout=timedelta(seconds=0),
        ):
            yield

    async def fails_since(self, id: str | UUID, hours: int) -> None:
        """Sets the first failure of the endpoint to so many hours ago."""
        await self.pool.execute(
            "update webhook_endpoints set failing_since = now() - make_interval(hours => $2)"
            " where id = $1 and failing_since is not null",
            id,
            hours,
        )
