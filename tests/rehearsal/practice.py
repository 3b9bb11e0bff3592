"""A practice that is set up over the public API, and the tokens of its people."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx2
import jwt

from tests.rehearsal.stack import ISSUER

NAMESPACE = UUID("2f9d1c50-55a3-4d0e-8b39-5b4d5d7a7c11")
DENTISTS = 8
VISIT, SHORT = "visit", "short-hold"
"""Appointment types of 15 minutes without a chair; a hold of the second expires after 5 s."""


@dataclass
class Practice:
    http: httpx2.AsyncClient
    secret: str
    clinic_id: str = ""
    dentists: list[str] = field(default_factory=list)
    numbers: Any = field(default_factory=count)

    def token(self, role: str, name: str) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "authenticated",
            "sub": str(uuid5(NAMESPACE, f"{role}:{name}")),
            "iat": now,
            "exp": now + 4 * 3600,
            "app_metadata": {"role": role},
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")

    def headers(self, role: str, name: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, name)}", **more}

    async def set_up(self) -> None:
        """As the first admin: a clinic, two types of visit, dentists with hours."""
        clinic = await self._make("/api/clinics", name="Rehearsal", time_zone="UTC")
        self.clinic_id = clinic["id"]
        for slug, seconds in ((VISIT, 300), (SHORT, 5)):
            await self.add_type(slug, seconds)
        week = [{"weekday": day, "starts": "00:00", "ends": "23:45"} for day in range(7)]
        for number in range(DENTISTS):
            dentist = await self._make(
                "/api/profiles",
                clinic_id=self.clinic_id,
                full_name=f"Dr. {number}",
                role="dentist",
                specialty="General",
            )
            self.dentists.append(dentist["id"])
            answer = await self.http.put(
                f"/api/availability/{dentist['id']}",
                json={"weekly": week, "exceptions": []},
                headers=self.headers("admin", "first"),
            )
            answer.raise_for_status()

    async def add_type(self, slug: str, hold_seconds: int) -> None:
        """A visit of 15 minutes without a chair, held for so long."""
        await self._make(
            "/api/appointment-types",
            clinic_id=self.clinic_id,
            slug=slug,
            name=slug,
            duration_minutes=15,
            hold_seconds=hold_seconds,
            needs_chair=False,
        )

    def slot(self) -> dict[str, str]:
        """A slot that nobody has asked for yet."""
        number, dentist = divmod(next(self.numbers), len(self.dentists))
        day, start = divmod(number, 94)
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        starts_at = midnight + timedelta(days=2 + day, minutes=15 * start)
        return {"dentist_id": self.dentists[dentist], "starts_at": starts_at.isoformat()}

    def patient(self) -> str:
        return f"patient-{uuid4()}"

    async def _make(self, path: str, **body: Any) -> dict[str, Any]:
        headers = self.headers("admin", "first")
        answer = await self.http.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made
