"""Staff behind the pages of a test: they book and move by the API, or end holds in Postgres."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx2

from db import demo
from tests.browser.site import Site


@dataclass
class Staff:
    site: Site

    @property
    def agent(self) -> str:
        return str(demo.person_id("agent", "chatbot"))

    async def free(self, dentist: str) -> list[str]:
        """The free starts of a check-up in the next week."""
        path = f"/api/availability/{demo.person_id('dentist', dentist)}/slots"
        answer = await self._ask("GET", f"{path}?appointment_type=checkup&days=7")
        return [slot["starts_at"] for slot in answer]

    async def book(self, patient: str, dentist: str, *, place: int) -> dict[str, Any]:
        """Books one of the free starts, by its place among them."""
        return await self.book_at(patient, dentist, (await self.free(dentist))[place])

    async def book_now(self, patient: str, dentist: str) -> dict[str, Any]:
        """Books a walk-in that begins about now, whatever the hours are."""
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        starts = now - timedelta(minutes=now.minute % 15)
        return await self.book_at(patient, dentist, starts.isoformat(), override=True)

    async def book_at(
        self, patient: str, dentist: str, starts_at: str, **more: object
    ) -> dict[str, Any]:
        body = {
            "patient_id": str(demo.person_id("patient", patient)),
            "dentist_id": str(demo.person_id("dentist", dentist)),
            "appointment_type": "checkup",
            "starts_at": starts_at,
        }
        return await self._ask("POST", "/api/appointments", body | more)

    async def move(self, id: str, starts_at: str) -> None:
        await self._ask("PUT", f"/api/appointments/{id}", {"starts_at": starts_at})

    async def end_holds(self) -> None:
        """Sets the deadlines of all holds into the past; nothing tells of it."""
        connection = await asyncpg.connect(self.site.dsn)
        try:
            async with connection.transaction():
                await connection.execute("set local session_replication_role = replica")
                await connection.execute(
                    """
                    update chairtime.appointments
                       set hold_expires_at = clock_timestamp() - interval '1 second'
                     where status = 'held'
                    """
                )
        finally:
            await connection.close()

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.site.token('admin')}"}
        async with httpx2.AsyncClient(base_url=self.site.url, headers=headers) as client:
            answer = await client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()
