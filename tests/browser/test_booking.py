"""A patient books: choose, hold, confirm; others see it at once."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.site import Visits, overflow
from tests.browser.staff import Staff

HOLD = re.compile("^Hold for")


async def choose(page: Page, place: int = 0) -> str:
    """Chooses a free time by its place on the page, and returns its start."""
    await expect(page.locator("[data-loading]")).to_have_count(0)
    time = page.locator("[data-state=free]").nth(place)
    start = await time.get_attribute("data-at")
    assert start is not None
    await page.locator(f'[data-at="{start}"]').click()
    return start


async def hold(page: Page, place: int = 0) -> str:
    start = await choose(page, place)
    await page.get_by_role("button", name=HOLD).click()
    await expect(page.get_by_role("heading", name="Yours until")).to_be_focused()
    return start


async def test_a_time_held_by_one_is_seen_held_by_another_and_free_after_release(visits: Visits):
    other = await visits.open("/?type=checkup", "patient", "ben")
    await choose(other)
    page = await visits.open("/?type=checkup", "patient", "ana")
    # All dentists could be free at one time; so both look at the same one.
    for each in (page, other):
        await each.get_by_label("Dentist").select_option(index=1)
    start = await hold(page, 2)
    tile = other.locator(f'[data-at="{start}"]')
    await expect(tile).to_have_attribute("data-state", "held")
    await expect(tile).to_contain_text("held, frees")
    await page.get_by_role("button", name="Release").click()
    await expect(tile).to_have_attribute("data-state", "free")


async def test_a_hold_that_runs_out_is_announced_and_its_time_is_free_for_others(visits: Visits):
    path = "/?type=demo-short-hold"
    page = await visits.open(path, "patient", "ana")
    other = await visits.open(path, "patient", "ben")
    for each in (page, other):
        await each.get_by_label("Dentist").select_option(index=1)
    start = await choose(page)
    tile = other.locator(f'[data-at="{start}"]')
    await expect(tile).to_have_attribute("data-state", "free")
    await page.get_by_role("button", name=HOLD).click()
    await expect(page.get_by_role("alert").filter(has_text="Less than a minute")).to_be_visible()
    await expect(page.get_by_role("heading", name="has run out")).to_be_focused()
    await expect(page.get_by_role("alert").filter(has_text="was given back")).to_be_visible()
    await expect(tile).to_have_attribute("data-state", "free")

    alternatives = page.get_by_role("button", name=re.compile("Hold$"))
    await expect(alternatives).to_have_count(3)
    await alternatives.first.click()
    await expect(page.get_by_role("heading", name="Yours until")).to_be_focused()


async def test_a_visitor_signs_in_only_at_hold_and_confirms(visits: Visits):
    page = await visits.open("/")
    await page.get_by_role("radio", name="Check-up 30").click()
    await choose(page, 3)
    await page.get_by_role("button", name=HOLD).click()
    await page.get_by_role("button", name="Chloe Martin").click()
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_role("heading", name="Booked")).to_be_focused()
    await expect(page.get_by_role("main")).to_contain_text("Berlin time")
    await expect(page.get_by_role("main")).to_contain_text("Cancel or move until")


async def test_a_visitor_with_linked_patients_says_for_whom_before_the_hold(visits: Visits):
    family = await visits.open("/family", "patient", "deniz")
    await family.get_by_label("First and last name").fill("Elif Kaya")
    await family.get_by_role("button", name="Add").click()
    await expect(family.get_by_text("Elif Kaya").first).to_be_visible()
    page = await visits.open("/")
    await page.get_by_role("radio", name="Check-up 30").click()
    await choose(page, 9)
    await page.get_by_role("button", name=HOLD).click()
    await page.get_by_role("button", name="Deniz").click()
    whom = page.get_by_label("For whom?")
    await expect(whom).to_be_focused()
    await whom.select_option("Elif Kaya")
    await page.get_by_role("button", name=HOLD).click()
    await expect(page.get_by_role("main")).to_contain_text("for Elif Kaya")
    await page.get_by_role("button", name="Release").click()
    await expect(page.get_by_role("heading", name="What do you need?")).to_be_visible()


async def test_a_hold_survives_a_reload_and_shows_in_a_second_tab(visits: Visits):
    page = await visits.open("/?type=checkup", "patient", "deniz")
    await hold(page, 5)
    await page.reload()
    await expect(page.get_by_role("heading", name="Yours until")).to_be_visible()
    tab = await page.context.new_page()
    await tab.goto("/")
    await expect(tab.get_by_role("heading", name="Yours until")).to_be_visible()
    await page.get_by_role("button", name="Extend (2 left)").click()
    await expect(page.get_by_role("button", name="Extend (1 left)")).to_be_visible()
    await expect(tab.get_by_role("button", name="Extend (1 left)")).to_be_visible()
    await tab.get_by_role("button", name="Release").click()
    await expect(page.get_by_role("heading", name="What do you need?")).to_be_visible()


async def test_every_step_fits_a_phone(visits: Visits):
    page = await visits.open("/?type=checkup", "patient", "ana", width=390)
    await choose(page, 1)
    assert await overflow(page) == 0
    await page.get_by_role("button", name=HOLD).click()
    await expect(page.get_by_role("heading", name="Yours until")).to_be_visible()
    assert await overflow(page) == 0
    await page.get_by_role("button", name="Release").click()


async def test_a_parent_books_for_a_child_and_sees_for_whom(visits: Visits):
    page = await visits.open("/?type=checkup", "patient", "ben", width=390)
    await page.get_by_role("button", name="For somebody else").click()
    await page.get_by_label("First and last name").fill("Mia <b>Novak</b>")
    await page.get_by_role("button", name="Add").click()
    whom = page.get_by_label("For whom?")
    await expect(whom.locator("option:checked")).to_have_text("Mia <b>Novak</b>")
    await page.reload()
    await expect(whom.locator("option:checked")).to_have_text("Mia <b>Novak</b>")
    await hold(page, 7)
    await expect(page.get_by_role("main")).to_contain_text("for Mia <b>Novak</b>")
    await page.reload()
    await expect(page.get_by_role("main")).to_contain_text("for Mia <b>Novak</b>")
    await page.get_by_role("button", name="Confirm").click()
    await page.get_by_role("main").get_by_role("link", name="My visits").click()
    await expect(page.get_by_role("article")).to_contain_text("for Mia <b>Novak</b>")
    assert await overflow(page) == 0


async def test_a_linked_patient_is_renamed_and_removed_once_no_visit_is_ahead(visits: Visits):
    page = await visits.open("/family", "patient", "chloe", width=390)
    await page.get_by_label("First and last name").fill("Leo Martn")
    await page.get_by_role("button", name="Add").click()
    await page.get_by_role("button", name="Rename Leo Martn").click()
    await page.get_by_role("article").get_by_label("First and last name").fill("Leo Martin")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("article")).to_contain_text("Leo Martin")

    await page.goto("/?type=checkup")
    await page.get_by_label("For whom?").select_option("Leo Martin")
    await hold(page, 9)
    booking = await page.context.new_page()
    await booking.goto("/family")
    for text in ("still a visit ahead", None):
        await booking.get_by_role("button", name="Remove Leo Martin").click()
        await booking.get_by_role("button", name="Remove", exact=True).click()
        if text:
            await expect(booking.get_by_role("alert")).to_contain_text(text)
            await page.get_by_role("button", name="Release").click()
            await expect(page.get_by_role("heading", name="What do you need?")).to_be_visible()
    await expect(booking.get_by_role("article")).to_have_count(0)


async def test_a_refused_hold_says_why_in_sight_on_a_phone(visits: Visits):
    page = await visits.open("/?type=checkup", "patient", "ana", width=390)
    start = await choose(page, 3)
    staff = Staff(visits.site)
    dentist = "lena" if "/mateo" in page.url else "mateo"
    await staff.book_at("ana", dentist, start, override=True)
    await page.get_by_role("button", name=HOLD).click()
    alert = page.get_by_role("region", name="Your choice").get_by_role("alert")
    await expect(alert).to_be_in_viewport()


async def test_what_was_booked_can_be_cancelled_on_the_spot(visits: Visits):
    page = await visits.open("/?type=checkup", "patient", "deniz", width=390)
    await hold(page, 11)
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_role("heading", name="Booked")).to_be_focused()
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await expect(page.get_by_role("dialog")).to_contain_text("Check-up with")
    await page.get_by_role("button", name="Cancel the visit").click()
    await expect(page.get_by_role("heading", name="The visit is cancelled")).to_be_focused()
    await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    "broken", ["day=tomorrow", "day=2026-02-30", "day=2026-13-01", "at=noon&with=somebody"]
)
async def test_a_link_with_a_broken_day_or_time_shows_what_is_free(visits: Visits, broken: str):
    page = await visits.open(f"/?type=checkup&{broken}")
    await expect(page.locator("[data-state=free]").first).to_be_visible()


async def test_a_link_to_a_broken_week_shows_the_present_one(visits: Visits):
    page = await visits.open("/day/week?week=soon", "dentist", "amara")
    await expect(page.get_by_role("main").get_by_role("region")).to_have_count(7)
