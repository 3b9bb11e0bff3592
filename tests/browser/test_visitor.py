"""What a visitor sees before signing in: times that come and go, the right clinic, and reasons."""

from playwright.async_api import expect

from tests.browser.desk import Front
from tests.browser.site import Visits
from tests.browser.test_booking import HOLD, choose


async def test_a_visitor_sees_a_patients_hold_appear_and_free_up_at_expiry(visits: Visits):
    path = "/?type=demo-short-hold"
    patient = await visits.open(path, "patient", "ana")
    visitor = await visits.open(path)
    for each in (patient, visitor):
        await each.get_by_label("Dentist").select_option(index=1)
    start = await choose(patient)
    tile = visitor.locator(f'[data-at="{start}"]')
    await expect(tile).to_have_attribute("data-state", "free")
    await expect(visitor.get_by_role("banner").get_by_text("live", exact=True)).to_be_visible()
    await patient.get_by_role("button", name=HOLD).click()
    await expect(tile).to_have_attribute("data-state", "held")
    await expect(tile).to_have_attribute("data-state", "free")
    await expect(visitor.get_by_role("link", name="My visits")).to_have_count(0)


async def test_a_visitor_chooses_the_clinic_once_and_it_stays_in_the_address(
    visits: Visits, front: Front
):
    body = {"name": "Aarhus Smiles", "time_zone": "Europe/Berlin", "slot_grid_minutes": 15}
    other = await front.post("/api/clinics", body)
    page = await visits.open(f"/?clinic={front.clinic['id']}")
    await expect(page.get_by_role("radio").first).to_be_visible()
    await page.get_by_label("Clinic").select_option(label="Aarhus Smiles")
    await expect(page).to_have_url(f"{visits.site.url}/?clinic={other['id']}")
    await expect(page.get_by_role("radio")).to_have_count(0)
    await page.go_back()
    await expect(page.get_by_role("radio").first).to_be_visible()


async def test_a_visitor_is_told_why_a_day_has_no_times(visits: Visits, front: Front):
    dentist = (await front.get("/api/profiles/dentists"))[0]["id"]
    page = await visits.open(
        f"/?clinic={front.clinic['id']}&type=checkup&dentist={dentist}&day=2099-01-05"
    )
    await expect(page.locator("[data-reason=horizon]")).to_contain_text("can be booked until")
