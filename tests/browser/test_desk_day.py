"""Ways over the desk's day: to-do list, free times, days, weeks, palette, print and addresses."""

import asyncio
import re

from playwright.async_api import Route, expect

from tests.browser.desk import Front, card
from tests.browser.site import Visits, shown
from tests.support import monday
from tests.webhooks.receiver import OK, receiving, status

FIRST = monday(9).date()


async def test_an_approval_is_to_do_until_it_is_given(visits: Visits, front: Front):
    slug = await front.type(needs_approval=True)
    slot = (await front.free(slug))[2]
    page = await visits.open("/desk", "desk")
    await expect(page.locator("[data-todo]")).to_contain_text("To do")
    asked = await front.book(slot, slug)
    group = page.locator("[data-todo-group=approvals]")
    name = (await front.appointment(asked["id"]))["patient_name"]
    await group.get_by_role("button", name=name).click()
    await page.locator("[data-verb=approve]").click()
    await expect(group.get_by_role("button", name=name)).to_have_count(0)


async def test_free_next_begins_a_booking_there(visits: Visits, front: Front):
    page = await visits.open("/desk?view=week", "desk")
    await page.get_by_role("region", name="Free next").get_by_role("button").last.click()
    form = page.locator("[data-new-booking]")
    await expect(form).to_be_in_viewport()
    await expect(form.locator("[data-why]")).to_have_count(0)
    await form.get_by_role("button", name="New patient").click()
    await form.get_by_label("Name").fill("Next Please")
    await form.get_by_role("button", name="Hold").click()
    held = page.locator("button[data-booking]", has_text="Next Please")
    await expect(held).to_have_attribute("data-status", "held")
    await held.click()
    await page.locator("[data-verb=release]").click()


async def test_free_next_keeps_its_place_when_an_entry_comes_and_goes(visits: Visits, front: Front):
    slug = await front.type(needs_approval=True)
    slot = (await front.free(slug, apart=4))[3]
    page = await visits.open("/desk", "desk")
    first = page.get_by_role("region", name="Free next").get_by_role("listitem").first
    await expect(first).to_be_visible()
    before = await first.bounding_box()
    asked = await front.book(slot, slug)
    name = (await front.appointment(asked["id"]))["patient_name"]
    entry = page.locator("[data-todo-group=approvals]").get_by_role("button", name=name)
    await expect(entry).to_be_visible()
    assert await first.bounding_box() == before
    await front.post(f"/api/appointments/{asked['id']}/decline", {})
    await expect(entry).to_have_count(0)
    assert await first.bounding_box() == before


async def test_a_form_is_closed_for_good_when_another_day_is_shown(visits: Visits, front: Front):
    page = await visits.open(f"/desk?date={FIRST}", "desk")
    await page.locator("[role=slider]").first.click(position={"x": 60, "y": 200})
    form = page.locator("[data-new-booking]")
    await expect(form).to_be_visible()
    await page.get_by_role("button", name="Next", exact=True).click()
    await expect(form).to_have_count(0)
    await page.get_by_role("button", name="Previous", exact=True).click()
    await expect(page.get_by_label("Date", exact=True)).to_have_value(str(FIRST))
    await shown(page)
    await expect(form).to_have_count(0)


async def test_days_and_weeks_are_reached_by_keyboard_and_back(visits: Visits, front: Front):
    page = await visits.open(f"/desk?date={FIRST}", "desk")
    await shown(page)
    day = page.get_by_label("Date", exact=True)
    await page.keyboard.press("ArrowRight")
    await expect(day).not_to_have_value(str(FIRST))
    await page.keyboard.press("ArrowLeft")
    await expect(day).to_have_value(str(FIRST))
    await page.get_by_text("Week", exact=True).click()
    await expect(page.locator("thead th")).to_have_count(8)
    await page.locator("thead").get_by_role("button").nth(2).click()
    await expect(page.locator("[role=slider]").first).to_be_visible()
    await page.go_back()
    await expect(page.locator("thead th")).to_have_count(8)
    await page.go_back()
    await expect(page.locator("[role=slider]").first).to_be_visible()
    await page.keyboard.press("t")
    await expect(page.get_by_role("button", name="Today")).to_be_disabled()


async def test_the_week_shows_each_booking_and_changes_with_it(visits: Visits, front: Front):
    slug = await front.type()
    slot = (await front.free(slug, apart=3))[1]
    page = await visits.open(front.path(slot["starts_at"]) + "&view=week", "desk")
    await shown(page)
    booking = await front.book(slot, slug)
    await expect(card(page, booking)).to_contain_text(front.clock(slot["starts_at"]))
    await card(page, booking).click()
    await page.locator("[data-verb=cancel]").click()
    await page.get_by_role("button", name="Cancel the visit").click()
    await expect(card(page, booking)).to_have_count(0)


async def test_an_address_names_day_dentist_and_booking(visits: Visits, front: Front):
    slug = await front.type()
    slot = (await front.free(slug, apart=3))[2]
    booking = await front.book(slot, slug)
    path = front.path(slot["starts_at"], booking["id"]) + f"&dentist={slot['dentist_id']}"
    page = await visits.open(path, "desk")
    panel = page.locator("[data-panel-of]")
    await expect(panel).to_have_attribute("data-panel-of", booking["id"])
    await expect(page.locator("[role=slider]")).to_have_count(1)
    await panel.get_by_role("button", name="Close the booking").click()
    await expect(panel).to_have_count(0)
    await page.get_by_role("button", name="All dentists").last.click()
    await expect(page.locator("[role=slider]").nth(1)).to_be_visible()
    await page.go_back()
    await expect(page.locator("[role=slider]")).to_have_count(1)
    await page.go_back()
    await expect(panel).to_have_attribute("data-panel-of", booking["id"])


async def test_enter_in_the_palette_waits_for_what_is_found(visits: Visits, front: Front):
    slug = await front.type()
    booking = await front.book((await front.free(slug))[3], slug)
    name = (await front.appointment(booking["id"]))["patient_name"]
    page = await visits.open("/desk", "desk")
    await shown(page)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        asked.set()
        await answer.wait()
        await route.continue_()

    await page.route(re.compile(r"/api/profiles\?.*search="), slowly)
    await page.keyboard.press("Control+k")
    words = page.get_by_role("textbox", name="Name, page")
    await words.fill(name)
    await page.keyboard.press("Enter")
    await asked.wait()
    await expect(words).to_be_visible()
    answer.set()
    panel = page.locator("[data-panel-of]")
    await expect(panel).to_have_attribute("data-panel-of", booking["id"])


async def test_the_question_mark_names_the_keys_of_the_day(visits: Visits, front: Front):
    page = await visits.open("/desk", "desk")
    await shown(page)
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    for does in ("Today", "Next day or week", "Previous day or week", "Find anything"):
        await expect(dialog).to_contain_text(does)


async def test_paper_shows_the_day_and_nothing_else_in_light_colours(visits: Visits, front: Front):
    slug = await front.type()
    slot = (await front.free(slug, apart=2))[1]
    booking = await front.book(slot, slug)
    page = await visits.open(front.path(slot["starts_at"]), "desk", theme="dark")
    await expect(card(page, booking)).to_be_visible()
    await page.emulate_media(media="print")
    await expect(card(page, booking)).to_be_visible()
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_contain_text(front.clinic["name"])
    await expect(heading).to_have_css("color", "rgb(24, 32, 38)")
    await expect(page.get_by_role("banner")).to_have_count(0)
    await expect(page.get_by_role("complementary")).to_have_count(0)


async def test_the_clinic_is_chosen_once_and_stands_in_the_address(visits: Visits, front: Front):
    body = {"name": "A Second Clinic", "time_zone": "America/New_York", "slot_grid_minutes": 15}
    second = await front.post("/api/clinics", body)
    page = await visits.open("/desk", "admin")
    await page.wait_for_url(re.compile("clinic="))
    await page.get_by_label("Clinic", exact=True).select_option(second["id"])
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_contain_text("A Second Clinic")
    await expect(page.locator("[role=slider]")).to_have_count(0)
    for link in ("Schedules", "Visits", "Day"):
        await page.get_by_role("link", name=link, exact=True).click()
        await expect(page).to_have_url(re.compile(f"clinic={second['id']}"))
    await expect(heading).to_contain_text("A Second Clinic")


async def test_a_card_names_the_dentist_where_columns_are_chairs(visits: Visits, front: Front):
    slug = await front.type(needs_chair=True)
    slot = (await front.free(slug, apart=2))[3]
    booking = await front.book(slot, slug)
    dentist = await front.get(f"/api/profiles/dentists/{slot['dentist_id']}")
    page = await visits.open(front.path(slot["starts_at"]) + "&columns=chairs", "desk")
    await expect(card(page, booking)).to_contain_text(dentist["full_name"])


async def test_a_webhook_that_is_gone_is_to_do_until_it_is_switched_on(
    visits: Visits, front: Front
):
    async with receiving() as receiver:
        receiver.answer = lambda _: status(410)
        made = await front.post(
            "/api/webhooks",
            {"url": receiver.url, "topics": ["profiles"], "description": "The <b>bot</b>"},
        )
        page = await visits.open("/desk", "admin")
        await front.post(f"/api/webhooks/{made['id']}/test", {})
        group = page.locator("[data-todo-group=webhooks]")
        await expect(group).to_contain_text("The <b>bot</b>")
        receiver.answer = lambda _: OK
        await group.get_by_role("button", name="Switch on again").click()
        await expect(group).to_have_count(0)
