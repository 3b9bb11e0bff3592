"""A receptionist gets through the day without a page or a button that refuses them."""

from typing import Any

from playwright.async_api import Page, Response, expect

from tests.browser.desk import Front, card, free_time, height_of
from tests.browser.site import Visits, shown

REFUSED = (401, 403, 404)


def refusals(page: Page) -> list[str]:
    """The requests of this page that the API refuses, as they happen."""
    found: list[str] = []

    def look(response: Response) -> None:
        if response.status in REFUSED:
            found.append(f"{response.status} {response.request.method} {response.url}")

    page.on("response", look)
    return found


async def other_clinic(front: Front) -> dict[str, Any]:
    body = {"name": "Far Away", "time_zone": "Europe/Berlin", "slot_grid_minutes": 15}
    return await front.post("/api/clinics", body)


async def test_no_page_that_a_receptionist_is_offered_refuses_her(visits: Visits, front: Front):
    page = await visits.open("/desk", "desk")
    refused = refusals(page)
    await shown(page)
    links = page.get_by_role("navigation").get_by_role("link")
    await expect(links).to_have_text(["Day", "Schedules", "People", "Visits", "Chairs"])
    for place in range(await links.count()):
        await links.nth(place).click()
        await shown(page)
    for path in ("/desk/clinics", "/desk/health", "/desk?view=week", "/desk?columns=chairs"):
        await page.goto(path)
        await shown(page)
    assert refused == []


async def test_a_receptionist_adds_and_changes_only_patients(visits: Visits, front: Front):
    page = await visits.open("/desk/types", "desk")
    for name in ("Visits", "Chairs"):
        await page.get_by_role("link", name=name).click()
        await expect(page.locator("[data-table]")).to_be_visible()
        await expect(page.get_by_role("button", name="Change")).to_have_count(0)
        await expect(page.get_by_role("button", name="Add")).to_have_count(0)
    await page.get_by_role("link", name="People").click()
    await expect(page.get_by_label("Role")).to_have_count(0)
    await page.get_by_role("button", name="Add").click()
    form = page.locator("[data-row-form]")
    await form.get_by_label("Name").fill("Paula of the Desk")
    await form.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name="Paula of the Desk")
    await row.get_by_role("button", name="Change").click()
    await form.get_by_label("Phone").fill("+49 30 1234")
    await form.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("+49 30 1234")


async def test_a_receptionist_sees_the_clinics_where_she_works(visits: Visits, front: Front):
    other = await other_clinic(front)
    page = await visits.open(f"/desk?clinic={other['id']}", "desk")
    await shown(page)
    header = page.get_by_role("banner")
    await expect(header).to_contain_text(front.clinic["name"])
    await expect(header.get_by_label("Clinic")).to_have_count(0)
    await expect(page.get_by_role("heading", level=1)).to_contain_text(front.clinic["name"])


async def test_a_receptionist_holds_confirms_moves_and_cancels(visits: Visits, front: Front):
    slug = await front.type()
    slot, other = (await front.free(slug, apart=4))[:2]
    page = await visits.open(front.path(slot["starts_at"]), "desk")
    refused = refusals(page)
    column = free_time(page, slot)
    await column.click(position={"x": 60, "y": await height_of(page, front, slot) + 4})
    form = page.locator("[data-new-booking]")
    await form.get_by_label("Visit").select_option(slug)
    await form.get_by_role("button", name="New patient").click()
    await form.get_by_label("Name").fill("Hanna Held")
    await form.get_by_role("button", name="Hold").click()
    held = page.locator("button[data-booking]", has_text="Hanna Held")
    await expect(held).to_have_attribute("data-status", "held")
    await held.click()
    await page.locator("[data-verb=confirm]").click()
    await expect(held).to_have_attribute("data-status", "booked")
    booking = {"id": await held.get_attribute("data-booking")}
    await page.locator("[data-verb=move]").click()
    time = page.locator("[data-move-form]").get_by_role(
        "button", name=front.clock(other["starts_at"]), exact=True
    )
    await time.first.click()
    await expect(card(page, booking)).to_contain_text(front.clock(other["starts_at"]))
    await page.locator("[data-verb=cancel]").click()
    await page.get_by_role("button", name="Cancel the visit").click()
    await expect(card(page, booking)).to_have_count(0)
    assert refused == []
