"""The scripted demo bot as a page: it offers, holds with a countdown, offers anew, and books."""

import asyncio
import re

from playwright.async_api import Page, Route, expect

from tests.browser.site import Visits, overflow, violations


async def say(page: Page, text: str) -> None:
    await expect(page.get_by_role("button", name=re.compile("^(Send|Senden)$"))).to_be_enabled()
    await page.get_by_role("textbox").fill(text)
    await page.get_by_role("textbox").press("Enter")


async def heard(page: Page, text: str) -> None:
    """Waits for the newest line of the bot with this text."""
    await expect(page.get_by_role("log").locator("[data-from=bot]").last).to_contain_text(text)


async def test_a_held_time_counts_down_runs_out_and_another_is_booked(visits: Visits):
    page = await visits.open("/chat", "patient", "ana", width=390)
    await expect(page.get_by_role("main")).to_contain_text("scripted demo")
    await say(page, "Can you make it a short hold, as soon as possible?")
    await heard(page, "Which one")
    await say(page, "the second")
    await expect(page.locator("[data-held]")).to_contain_text(re.compile(r"0:0\d"))
    assert await violations(page) == []
    await expect(page.get_by_role("log")).to_contain_text("has run out")
    await expect(page.locator("[data-held]")).to_have_count(0)
    await heard(page, "Which one")
    await say(page, "a checkup")
    await heard(page, "Which one")
    await say(page, "the third")
    await heard(page, "Shall I book it")
    assert await overflow(page) == 0
    await say(page, "yes")
    await heard(page, "is booked")
    await say(page, "cancel my appointment")
    await heard(page, "is cancelled")
    await say(page, "stop")
    await expect(page.get_by_role("textbox")).to_be_disabled()


async def test_a_visitor_chooses_a_time_and_signs_in_to_hold_it(visits: Visits):
    page = await visits.open("/chat", language="de")
    await say(page, "Ich brauche eine Kontrolle am Nachmittag")
    await heard(page, "Welchen")
    await say(page, "den ersten")
    await heard(page, "melden Sie sich an")
    await page.get_by_role("main").get_by_role("link", name="Anmelden").click()
    await page.get_by_role("button", name="Chloe Martin").click()
    await heard(page, "Soll ich ihn buchen")
    await say(page, "nein")
    await heard(page, "Welcher Tag")


async def test_nobody_is_taken_for_a_visitor_while_their_session_loads(visits: Visits):
    page = await visits.open("/", "patient", "chloe")
    loaded = asyncio.Event()

    async def later(route: Route) -> None:
        await loaded.wait()
        await route.continue_()

    await page.route("**/api/profiles/me", later)
    await page.goto("/chat")
    await heard(page, "What do you need")
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()
    loaded.set()
    await say(page, "I need a checkup")
    await heard(page, "Which one")
    await say(page, "the first")
    await heard(page, "Shall I book it")
    await say(page, "no")
    await heard(page, "Which day")
