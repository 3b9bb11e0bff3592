"""Every page in both themes and languages: for everybody, on a phone, and silent."""

import pytest

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


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
async def test_no_page_breaks_a_rule_of_wcag(visits: Visits, path: str, theme: str, language: str):
    page = await visits.open(path, PAGES[path], theme=theme, language=language)
    await shown(page)
    assert await violations(page) == []
    assert await page.locator("html").get_attribute("lang") == language
    assert await page.locator("html").get_attribute("data-mantine-color-scheme") == theme


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", PAGES)
async def test_no_page_scrolls_sideways_on_a_phone(visits: Visits, path: str, language: str):
    page = await visits.open(path, PAGES[path], width=390, language=language)
    await shown(page)
    assert await overflow(page) == 0
