"""The page of figures shows the same as the API, as charts and as tables."""

import re

from playwright.async_api import expect

from tests.browser.desk import Front
from tests.browser.site import Visits, shown, violations


async def test_holds_of_today_are_in_the_chart_and_in_its_table(visits: Visits, front: Front):
    slug = await front.type()
    one, two, *_ = await front.free(slug, apart=3)
    await front.book(one, slug)
    await front.book(two, slug, "/api/availability/reserve")
    clinic = front.clinic["id"]
    [today] = (await front.get("/api/admin/metrics/conversion", clinic_id=clinic))[-1:]

    page = await visits.open(f"/desk/figures?clinic={clinic}&days=7", "admin")
    holds = page.get_by_role("region", name="Holds")
    await expect(holds.get_by_role("img", name=re.compile("became bookings"))).to_be_visible()
    await expect(holds.locator(".recharts-bar-rectangle").first).to_be_visible()
    await holds.get_by_text("Show as a table").click()
    rows = holds.get_by_role("row")
    await expect(rows).to_have_count(1 + 7)
    heads = await rows.first.get_by_role("columnheader").all_inner_texts()
    cells = await rows.last.get_by_role("cell").all_inner_texts()
    shown_today = dict(zip(heads[1:], cells, strict=True))
    assert (shown_today["Booked"], shown_today["Still open"]) == (
        str(today["booked"]),
        str(today["open"]),
    )
    assert shown_today["Conversion rate"] == "100%"
    assert await violations(page) == []


async def test_the_number_of_days_is_chosen_and_stays_in_the_address(visits: Visits, front: Front):
    page = await visits.open("/desk/figures", "admin")
    await shown(page)
    await page.get_by_text("7 days", exact=True).click()
    await expect(page).to_have_url(re.compile("days=7"))
    utilisation = page.get_by_role("region", name="Utilisation")
    await utilisation.get_by_text("Show as a table").last.click()
    await expect(utilisation.get_by_role("table").last.get_by_role("row")).to_have_count(1 + 7)


async def test_a_receptionist_is_told_that_figures_are_for_administrators(visits: Visits):
    page = await visits.open("/desk/figures", "desk", "greta")
    await expect(page.get_by_text("The figures are for administrators.")).to_be_visible()
    await expect(page.get_by_role("link", name="Figures")).to_have_count(0)
