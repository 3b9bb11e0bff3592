"""Every page in both themes and languages: for everybody, on a phone, and silent."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.site import Visits, overflow, shown, violations

PAGES = {
    "/sign-in": None,
    "/": None,
    "/?type=checkup": None,
    "/chat": None,
    "/visits": "patient",
    "/family": "patient",
    "/assistants": "patient",
    "/desk": "admin",
    "/desk?view=week": "admin",
    "/desk?columns=chairs": "admin",
    "/desk/schedules": "admin",
    "/desk/people": "admin",
    "/desk/clinics": "admin",
    "/desk/types": "admin",
    "/desk/chairs": "admin",
    "/desk/figures": "admin",
    "/desk/health": "admin",
    "/day": "dentist",
    "/day/week": "dentist",
    "/day/hours": "dentist",
    "/no/such/page": None,
}
"""Each page, and who sees it."""

DARK = re.compile("^(Dark theme|Dunkles Design)$")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", PAGES)
async def test_no_page_breaks_a_rule_of_wcag(visits: Visits, path: str, language: str):
    page = await visits.open(path, PAGES[path], language=language)
    await shown(page)
    root = page.locator("html")
    await expect(root).to_have_attribute("lang", language)
    await expect(root).to_have_attribute("data-mantine-color-scheme", "light")
    assert await violations(page) == []
    await page.get_by_role("button", name=DARK).click()
    await expect(root).to_have_attribute("data-mantine-color-scheme", "dark")
    assert await violations(page) == []


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", PAGES)
async def test_no_page_scrolls_sideways_on_a_phone(visits: Visits, path: str, language: str):
    page = await visits.open(path, PAGES[path], width=390, language=language)
    await shown(page)
    assert await overflow(page) == 0
