"""The badge says whether what is shown is up to date, whatever becomes of the server."""

from playwright.async_api import expect

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
