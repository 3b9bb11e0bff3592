"""The badge says whether what is shown is up to date, whatever becomes of the server."""

from playwright.async_api import expect

from tests.browser.desk import Front, free_time, height_of
from tests.browser.site import Visits


async def test_a_killed_api_is_shown_and_so_is_its_return(visits: Visits):
    page = await visits.open("/desk/health", "admin")
    badge = page.locator("[data-live]")
    await expect(badge).to_have_attribute("data-live", "live")
    visits.site.api.kill()
    await expect(badge).to_have_attribute("data-live", "reconnecting")
    await expect(badge).to_have_attribute("data-live", "stale")
    await expect(badge).to_contain_text("since")
    await visits.site.api.start()
    await expect(badge).to_have_attribute("data-live", "live")


async def test_no_time_is_blocked_while_the_page_is_out_of_date(visits: Visits, front: Front):
    slot = (await front.free(await front.type()))[0]
    page = await visits.open(front.path(slot["starts_at"]), "admin")
    height = await height_of(page, front, slot)
    await free_time(page, slot).click(position={"x": 60, "y": height + 4})
    await page.get_by_role("button", name="Block time…").click()
    submit = page.get_by_role("button", name="Block it")
    await expect(submit).to_be_enabled()
    visits.site.api.kill()
    await expect(submit).to_be_disabled()
    await expect(page.locator("[data-block-time]")).to_contain_text("out of date")
    await visits.site.api.start()
    await expect(submit).to_be_enabled()
