"""Hours, clinics, types, chairs and people, as the desk sets them up."""

from datetime import date

from playwright.async_api import expect

from tests.browser.desk import Front
from tests.browser.site import Visits

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


async def test_a_dry_run_names_the_bookings_outside_before_hours_are_saved(
    visits: Visits, front: Front
):
    slug = await front.type()
    slot = (await front.free(slug, apart=3))[1]
    booking = await front.book(slot, slug)
    booking = await front.appointment(booking["id"])
    dentist, clinic = slot["dentist_id"], front.clinic["id"]
    page = await visits.open(f"/desk/schedules?clinic={clinic}&of={dentist}", "admin")
    weekday = date.fromisoformat(front.date(slot["starts_at"])).weekday()
    day = page.get_by_role("group", name=DAYS[weekday])
    await expect(day.locator("[data-bar]").first).to_be_visible()
    before = (await front.get(f"/api/availability/{dentist}"))["weekly"]
    while await day.locator("[data-bar]").count():
        await day.get_by_role("button", name="Remove").first.click()
    save = page.get_by_role("button", name="Save")
    await expect(save).to_be_disabled()
    await page.get_by_role("button", name="What would this change?").click()
    outcome = page.locator("[data-outcome]")
    await expect(outcome).to_contain_text(booking["patient_name"])
    assert (await front.get(f"/api/availability/{dentist}"))["weekly"] == before
    await page.get_by_role("button", name="Save all the same").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    after = (await front.get(f"/api/availability/{dentist}"))["weekly"]
    assert [each for each in before if each["weekday"] != weekday] == after


async def test_the_keyboard_changes_weekly_hours(visits: Visits, front: Front):
    clinic = front.clinic["id"]
    body = {
        "full_name": "Dr. Without Bookings",
        "role": "dentist",
        "clinic_id": clinic,
        "specialty": "General dentistry",
    }
    dentist = await front.post("/api/profiles", body)
    path = f"/desk/schedules?clinic={clinic}&of={dentist['id']}"
    page = await visits.open(path, "admin")
    await page.get_by_role("button", name="Add hours on Sunday").click()
    await page.get_by_role("slider", name="End on Sunday").focus()
    await page.keyboard.press("Shift+ArrowRight")
    await page.get_by_role("button", name="What would this change?").click()
    await expect(page.locator("[data-outcome='0']")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    weekly = (await front.get(f"/api/availability/{dentist['id']}"))["weekly"]
    assert {"weekday": 6, "starts": "08:00", "ends": "12:00"} in weekly


async def test_what_the_api_refuses_stands_at_its_field(visits: Visits, front: Front):
    page = await visits.open(f"/desk/types?clinic={front.clinic['id']}", "admin")
    await page.get_by_role("button", name="Add").click()
    form = page.locator("[data-row-form]")
    typed = {"name": "New visit", "slug": "new-visit", "duration_minutes": "25"}
    field = {name: form.locator(f"[data-field='{name}']") for name in typed}
    await field["duration_minutes"].fill("9999")
    await form.get_by_role("button", name="Save").click()
    for name, text in typed.items():
        await expect(field[name]).to_have_attribute("aria-invalid", "true")
        await field[name].fill(text)
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_have_count(0)
    await expect(page.locator("[data-table]")).to_contain_text("New visit")


async def test_a_clinics_new_zone_is_tried_before_it_is_saved(visits: Visits, front: Front):
    slug = await front.type()
    booking = await front.book((await front.free(slug, apart=3))[0], slug)
    name = (await front.appointment(booking["id"]))["patient_name"]
    page = await visits.open("/desk/clinics", "admin")
    row = page.get_by_role("row", name=front.clinic["name"])
    await row.get_by_role("button", name="Change").click()
    form = page.locator("[data-row-form]")
    await form.locator("[data-field=time_zone]").select_option("America/New_York")
    await form.get_by_role("button", name="Save").click()
    await expect(form.locator("[data-outcome]")).to_contain_text(name)
    await expect(form.get_by_role("button", name="Save all the same")).to_be_visible()
    assert (await front.get(f"/api/clinics/{front.clinic['id']}"))["time_zone"] == "Europe/Berlin"
    await form.locator("[data-field=time_zone]").select_option("Europe/Berlin")
    await form.get_by_role("button", name="Save", exact=True).click()
    await expect(form).to_have_count(0)


async def test_the_clinics_of_a_receptionist_are_shown_and_changed(visits: Visits, front: Front):
    clinics = {front.clinic["name"]: front.clinic["id"]}
    for name in ("By The Sea", "By The Lake"):
        body = {"name": name, "time_zone": "Europe/Berlin", "slot_grid_minutes": 15}
        clinics[name] = (await front.post("/api/clinics", body))["id"]
    body = {"full_name": "Rita Between", "role": "desk", "clinic_ids": [front.clinic["id"]]}
    made = await front.post("/api/profiles", body)
    page = await visits.open("/desk/people", "admin")
    await page.get_by_label("Role").select_option("desk")
    row = page.get_by_role("row", name="Rita Between")
    await expect(row).to_contain_text(front.clinic["name"])
    await row.get_by_role("button", name="Change").click()
    form = page.locator("[data-row-form]")
    await form.locator("input[data-field=clinic_ids]").press("ArrowDown")
    await form.get_by_role("option", name="By The Sea").click()
    await form.get_by_role("option", name="By The Lake").click()
    await page.keyboard.press("Tab")
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_have_count(0)
    for name in clinics:
        await expect(row).to_contain_text(name)
    saved = await front.get(f"/api/profiles/{made['id']}")
    assert set(saved["clinic_ids"]) == set(clinics.values())


async def test_a_receptionist_is_invited_for_several_clinics(visits: Visits, front: Front):
    body = {"name": "By The River", "time_zone": "Europe/Berlin", "slot_grid_minutes": 15}
    other = await front.post("/api/clinics", body)
    page = await visits.open(f"/desk/people?clinic={front.clinic['id']}", "admin")
    await page.get_by_label("Role").select_option("desk")
    await page.get_by_role("button", name="Add").click()
    form = page.locator("[data-row-form]")
    await form.locator("[data-field=full_name]").fill("Rosa Everywhere")
    await form.locator("input[data-field=clinic_ids]").press("ArrowDown")
    await form.get_by_role("option", name="By The River").click()
    await page.keyboard.press("Tab")
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_have_count(0)
    found = await front.get("/api/profiles", role="desk", search="Rosa Everywhere")
    assert set(found["items"][0]["clinic_ids"]) == {front.clinic["id"], other["id"]}
