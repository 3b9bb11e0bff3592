"""The health page tells how events get on, while they do."""

import re

import httpx2
from playwright.async_api import expect

from tests.browser.site import Visits
from tests.support import AMARA, monday

NUMBER = re.compile(r"\d")


async def test_an_event_is_measured_as_it_arrives(visits: Visits):
    page = await visits.open("/desk/health", "admin")
    await expect(page.locator("[data-live=live]").first).to_be_visible()
    events = page.get_by_text("Events seen here").locator("xpath=..")
    await expect(events).not_to_contain_text(NUMBER)
    bearer = {"Authorization": f"Bearer {visits.site.token('patient', 'ana')}"}
    wanted = {
        "dentist_id": str(AMARA),
        "starts_at": monday(9).isoformat(),
        "appointment_type": "checkup",
    }
    async with httpx2.AsyncClient(base_url=visits.site.url, headers=bearer) as client:
        answer = await client.post("/api/availability/reserve", json=wanted)
        assert answer.status_code == 201, answer.text
    await expect(events).to_contain_text(NUMBER)
    held = page.get_by_text("Held", exact=True).locator("xpath=..")
    await expect(held).to_contain_text("1")  # read again by itself


async def test_the_parts_are_well_and_the_tools_are_linked(visits: Visits):
    page = await visits.open("/desk/health", "admin")
    table = page.get_by_role("table")
    for part in ("Database", "Temporal", "Workers", "Event relay", "Dispatch to workflows"):
        await expect(table.get_by_role("row", name=part)).to_contain_text("well")
    docs = page.get_by_role("link", name="API documentation")
    await expect(docs).to_have_attribute("href", "/docs")
