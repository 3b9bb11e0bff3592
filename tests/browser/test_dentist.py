"""The dentist's day, week and hours, on a phone."""

from playwright.async_api import expect

from tests.browser.site import Visits, overflow
from tests.browser.staff import Staff


async def test_a_dentist_walks_a_visit_from_check_in_to_its_end(visits: Visits):
    await Staff(visits.site).book_now("ana", "amara")
    page = await visits.open("/day", "dentist", "amara", width=390)
    next = page.get_by_role("region", name="Next patient")
    await expect(next).to_contain_text("Ana Torres")
    assert await overflow(page) == 0
    bar = page.get_by_role("region", name="Next step")
    for step, status in (("Check in", "checked in"), ("Start", "in treatment")):
        await bar.get_by_role("button", name=step).click()
        await expect(next).to_contain_text(status)
    await bar.get_by_role("button", name="Complete").click()
    await expect(page.get_by_text("All visits of today are done.")).to_be_visible()
    await expect(page.get_by_role("listitem").filter(has_text="completed")).to_be_visible()


async def test_a_visit_booked_elsewhere_appears_in_the_day(visits: Visits):
    page = await visits.open("/day", "dentist", "lena", width=390)
    await expect(page.get_by_text("No visits today.")).to_be_visible()
    await Staff(visits.site).book_now("chloe", "lena")
    await expect(page.get_by_role("region", name="Next patient")).to_contain_text("Chloe Martin")


async def test_hours_are_tried_before_they_are_saved(visits: Visits):
    staff = Staff(visits.site)
    visit = await staff.book("deniz", "mateo", place=0)
    page = await visits.open("/day/hours", "dentist", "mateo", width=390)
    await page.get_by_label("Day", exact=True).fill(visit["starts_at"][:10])
    await page.get_by_role("button", name="Add a day off").click()
    await page.get_by_role("button", name="What would this change?").click()
    await expect(page.get_by_role("status").filter(has_text="would fall outside")).to_contain_text(
        "Deniz Kaya"
    )
    assert await staff.free("mateo") != []
    await page.get_by_role("button", name="Save these hours").click()
    await expect(page.get_by_text("No unsaved changes.")).to_be_visible()
    left = await staff.free("mateo")
    assert [at for at in left if at[:10] == visit["starts_at"][:10]] == []
