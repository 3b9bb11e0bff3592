"""What all pages have around them, by keyboard alone: palette, shortcuts, skip link, idle lock."""

import re

from playwright.async_api import Page, expect

from db.demo import CLINIC
from tests.browser.site import Visits, violations


async def opened(visits: Visits, **how: str) -> Page:
    page = await visits.open("/desk/health", "admin", **how)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


async def test_the_palette_finds_a_page_by_what_is_typed(visits: Visits):
    page = await opened(visits)
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("textbox", name="Name, page")).to_be_focused()
    selected = page.locator("[data-action][data-selected]")
    await page.keyboard.type("dr.")
    await expect(selected).to_contain_text("Dr.")
    assert await violations(page) == []
    await page.get_by_role("textbox", name="Name, page").fill("day")
    await expect(page.locator("[data-action]")).to_have_text(["Day"])
    await expect(selected).to_have_text("Day")
    assert await violations(page) == []
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/desk($|\?)"))


async def test_the_question_mark_lists_the_shortcuts_until_single_keys_are_switched_off(
    visits: Visits,
):
    page = await opened(visits)
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog).to_contain_text("Find anything")
    assert await violations(page) == []
    await dialog.get_by_role("switch", name="Shortcuts of a single key").click()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await page.keyboard.press("?")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("textbox", name="Name, page")).to_be_focused()
    await expect(dialog).to_have_count(0)


async def test_the_first_tab_stop_leads_to_the_content(visits: Visits):
    page = await opened(visits)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


async def test_the_clinic_that_was_chosen_stays_in_the_address(visits: Visits):
    page = await opened(visits)
    await page.goto(f"/desk/health?clinic={CLINIC}")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.get_by_role("link", name="Day", exact=True).click()
    await expect(page).to_have_url(re.compile(rf"/desk\?clinic={CLINIC}"))


async def test_theme_and_language_are_kept(visits: Visits):
    page = await opened(visits)
    await page.get_by_role("button", name="Dark theme").click()
    await page.get_by_role("button", name="Account and settings").click()
    await expect(page.get_by_role("menuitemradio", name="English")).to_be_checked()
    assert await violations(page) == []
    await page.get_by_role("menuitemradio", name="Deutsch").click()
    for _ in range(2):
        heading = page.get_by_role("heading", level=1)
        await expect(heading).to_have_text("Echtzeit-Zustand")
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
        await page.reload()


async def test_staff_who_do_nothing_for_ten_minutes_are_signed_out(visits: Visits):
    page = await opened(visits)
    await page.clock.install()
    await page.goto("/desk/health?clinic=x")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Realtime health")
    await page.clock.run_for("09:00")
    await page.mouse.move(10, 10)
    await page.clock.run_for("09:00")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Realtime health")
    await page.clock.run_for("01:30")
    await page.wait_for_url(re.compile(r"/sign-in\?next="))
    told = page.get_by_role("status").filter(has_text="ten minutes")
    await expect(told).to_be_visible()
    assert await page.evaluate("Object.keys(sessionStorage)") == ["test.begun"]
