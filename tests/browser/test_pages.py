"""Every page, in both themes and in both languages: for everybody, on a phone, and silent."""

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

THEMES = {"en": "light", "de": "dark"}
"""Names of controls depend on the language, contrasts on the theme: two of the four combinations
have all names and all contrasts.
"""


@pytest.mark.parametrize("language", THEMES)
@pytest.mark.parametrize("path", PAGES)
async def test_no_page_breaks_a_rule_of_wcag_or_scrolls_sideways_on_a_phone(
    visits: Visits, path: str, language: str
):
    theme = THEMES[language]
    page = await visits.open(path, PAGES[path], language=language, theme=theme)
    await shown(page)
    root = page.locator("html")
    await expect(root).to_have_attribute("lang", language)
    await expect(root).to_have_attribute("data-mantine-color-scheme", theme)
    assert await violations(page) == []
    await page.set_viewport_size({"width": 390, "height": 900})
    await page.reload()
    await shown(page)
    assert await overflow(page) == 0
