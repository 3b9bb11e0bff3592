"""What people typed is shown as text, and no script runs but our own."""

import httpx2
from playwright.async_api import expect

from tests.browser.site import Visits

MARKUP = "<img src=x onerror=document.title='broken'><b>Ana"


async def test_a_name_with_markup_in_it_is_shown_as_text(visits: Visits):
    bearer = {"Authorization": f"Bearer {visits.site.token('patient', 'ben')}"}
    async with httpx2.AsyncClient(base_url=visits.site.url, headers=bearer) as client:
        answer = await client.put("/api/profiles/me", json={"full_name": MARKUP})
        assert answer.status_code == 200, answer.text
    page = await visits.open("/", "patient", "ben")
    account = page.get_by_role("button", name="Account and settings")
    await expect(account).to_contain_text(MARKUP)
    await account.click()
    await expect(page.get_by_role("menu")).to_contain_text(MARKUP)
    await expect(page.locator("img[src=x]")).to_have_count(0)
    assert await page.title() == "Chairtime"


async def test_the_policy_stops_scripts_that_are_not_ours(visits: Visits):
    page = await visits.open("/sign-in")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    stopped = await page.evaluate(
        """() => new Promise(resolve => {
          document.addEventListener('securitypolicyviolation', event =>
            resolve(event.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'document.title = "broken"';
          document.head.append(script);
        })"""
    )
    assert stopped == "script-src-elem"
    assert await page.title() == "Chairtime"
    visits.written.clear()  # the browser's own word on it
