"""What tests of the desk need from the API: free times, bookings, and where they stand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
from playwright.async_api import Locator, Page, expect

from tests.browser.site import Site

Json = dict[str, Any]

SCALE = 2
"""Pixels that a minute has on the board."""


@dataclass
class Front:
    """The first clinic of the demo data, as its administration sees it."""

    client: httpx2.AsyncClient
    site: Site
    clinic: Json

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Json, token: str | None = None) -> Json:
        headers = {"Idempotency-Key": uuid4().hex}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = await self.client.post(path, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    async def type(self, **terms: Any) -> str:
        """A new type of 30 minutes without buffers and without notice."""
        slug = f"t{uuid4().hex[:12]}"
        body = {
            "clinic_id": self.clinic["id"],
            "slug": slug,
            "name": f"Visit {slug}",
            "duration_minutes": 30,
            "lead_time_minutes": 0,
            "needs_chair": False,
        }
        await self.post("/api/appointment-types", body | terms)
        return slug

    async def free(self, slug: str, apart: int = 1) -> list[Json]:
        """Free times of one dentist on one day, `apart` of the list from one another."""
        page = await self.get(
            "/api/availability/slots",
            appointment_type=slug,
            clinic_id=self.clinic["id"],
            date=str((datetime.now(self.zone) + timedelta(days=3)).date()),
            days=10,
            limit=2000,
        )
        groups: dict[tuple[str, str], list[Json]] = {}
        for slot in page["items"]:
            key = (slot["dentist_id"], self.date(slot["starts_at"]))
            groups.setdefault(key, []).append(slot)
        return max(groups.values(), key=len)[::apart]

    async def patient(self) -> Json:
        body = {"full_name": f"Test {uuid4().hex[:8]}", "role": "patient"}
        return await self.post("/api/profiles", body)

    async def book(
        self, slot: Json, slug: str, path: str = "/api/appointments", **more: Any
    ) -> Json:
        body = {
            "dentist_id": slot["dentist_id"],
            "starts_at": slot["starts_at"],
            "appointment_type": slug,
            "patient_id": (await self.patient())["id"],
        }
        return await self.post(path, body | more)

    async def appointment(self, id: str) -> Json:
        return dict(await self.get(f"/api/appointments/{id}"))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.clinic["time_zone"])

    def date(self, instant: str) -> str:
        return str(datetime.fromisoformat(instant).astimezone(self.zone).date())

    def minute(self, instant: str) -> int:
        local = datetime.fromisoformat(instant).astimezone(self.zone)
        return local.hour * 60 + local.minute

    def clock(self, instant: str) -> str:
        return f"{datetime.fromisoformat(instant).astimezone(self.zone):%H:%M}"

    def path(self, instant: str, booking: str | None = None) -> str:
        """The board of the day of an instant."""
        path = f"/desk?clinic={self.clinic['id']}&date={self.date(instant)}"
        return path + (f"&booking={booking}" if booking else "")


def card(page: Page, booking: Json) -> Locator:
    return page.locator(f"button[data-booking='{booking['id']}']")


def free_time(page: Page, slot: Json) -> Locator:
    """The column of the slot's dentist, where it can be clicked."""
    return page.locator(f"[role=slider][data-column='{slot['dentist_id']}']")


async def height_of(page: Page, front: Front, slot: Json) -> float:
    """How far below the top of its column a slot begins, in pixels."""
    first = await free_time(page, slot).get_attribute("aria-valuemin")
    assert first is not None
    return (front.minute(slot["starts_at"]) - int(first)) * SCALE


async def drag(page: Page, front: Front, booking: Json, slot: Json) -> None:
    """Drags a card by the mouse so that it begins where the slot does."""
    await card(page, booking).scroll_into_view_if_needed()
    box = await card(page, booking).bounding_box()
    assert box is not None
    minutes = front.minute(slot["starts_at"]) - front.minute(booking["starts_at"])
    x, y = box["x"] + 40, box["y"] + 10
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x, y + minutes * SCALE, steps=4)
    await expect(page.locator("[data-ghost]")).to_contain_text(front.clock(slot["starts_at"]))
    await page.mouse.up()
