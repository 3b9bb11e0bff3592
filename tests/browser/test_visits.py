"""What patients see of their visits: moves, cancellations, and who may act for them."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.site import Visits
from tests.browser.staff import Staff


async def test_a_move_by_staff_is_seen_by_the_patient(visits: Visits):
    staff = Staff(visits.site)
    visit = await staff.book("ana", "amara", place=1)
    page = await visits.open("/visits", "patient", "ana")
    card = page.locator(f'[data-visit="{visit["id"]}"]')
    await expect(card).to_contain_text("Berlin time")
    to = (await staff.free("amara"))[4]
    await staff.move(visit["id"], to)
    await expect(card.get_by_role("status")).to_contain_text("The time has changed")


async def test_a_confirmation_that_comes_too_late_shows_three_alternatives(visits: Visits):
    staff = Staff(visits.site)
    page = await visits.open("/?type=checkup", "patient", "deniz")
    await page.locator("[data-state=free]").nth(8).click()
    await page.get_by_role("button", name="Hold for").click()

    async def overtaken(route: Route) -> None:
        """The hold ends while the request is under way."""
        await staff.end_holds()
        await route.continue_()

    await page.route("**/confirm", overtaken)
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_role("heading", name="has run out")).to_be_focused()
    await expect(page.get_by_role("button", name="Hold", exact=False)).to_have_count(3)


async def test_a_patient_moves_and_cancels_a_visit(visits: Visits):
    staff = Staff(visits.site)
    visit = await staff.book("chloe", "lena", place=30)
    page = await visits.open("/visits", "patient", "chloe")
    card = page.locator(f'[data-visit="{visit["id"]}"]')
    await card.get_by_role("link", name="Move").click()
    await page.locator("[data-state=free]").nth(6).click()
    await page.get_by_role("button", name="Move it here").click()
    await expect(page.get_by_role("heading", name="Moved")).to_be_focused()
    await page.get_by_role("main").get_by_role("link", name="My visits").click()

    async with page.expect_download() as saved:
        await card.get_by_role("button", name="Add to calendar").click()
    assert (await saved.value).suggested_filename.endswith(".ics")

    await card.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Cancel the visit").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(card).to_contain_text("cancelled")


async def test_a_page_whose_reads_fail_says_so_until_they_succeed(visits: Visits):
    page = await visits.open("/assistants", "patient", "ana")
    await expect(page.locator("[data-live]")).to_have_attribute("data-live", "live")
    await page.route("**/api/appointments?*", lambda route: route.abort())
    await page.get_by_role("link", name="My visits").click()
    alert = page.get_by_role("main").get_by_role("alert")
    await expect(alert).to_contain_text("The server did not answer")
    for _ in range(3):  # It is read again by itself meanwhile.
        async with page.expect_request("**/api/appointments?*"):
            pass
        await expect(alert).to_be_visible(timeout=1)
        await expect(page.locator("[data-loading]")).to_have_count(0, timeout=1)
    await page.unroute("**/api/appointments?*")
    await expect(alert).to_have_count(0)


async def test_a_patient_takes_back_what_an_assistant_may_do(visits: Visits):
    page = await visits.open("/assistants", "patient", "ana")
    await page.get_by_label("The assistant's number").fill(Staff(visits.site).agent)
    await page.get_by_role("button", name="Allow").click()
    await page.get_by_role("button", name="Take back from Chatbot").click()
    await expect(page.get_by_text("No assistant may act for you.")).to_be_visible()


@pytest.mark.parametrize("id", ["not-an-id", "00000000-0000-4000-8000-000000000000"])
async def test_an_address_of_no_visit_says_so(visits: Visits, id: str):
    page = await visits.open(f"/visits/{id}/move", "patient", "ana")
    main = page.get_by_role("main")
    await expect(main.get_by_role("alert")).to_have_text(re.compile("There is no such visit"))
    await expect(main.get_by_role("link", name="My visits")).to_be_visible()
