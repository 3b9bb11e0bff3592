"""An admin invites staff by e-mail in the table of people."""

from playwright.async_api import expect

from tests.browser.desk import Front
from tests.browser.site import Visits


async def test_a_receptionist_is_invited_and_waits_for_the_first_sign_in(
    visits: Visits, front: Front
):
    page = await visits.open(f"/desk/people?clinic={front.clinic['id']}", "admin")
    await page.get_by_label("Role").select_option("desk")
    await page.get_by_role("button", name="Add").click()
    form = page.locator("[data-row-form]")
    await form.locator("[data-field=full_name]").fill("Rita <b>Front</b>")
    email = form.locator("[data-field=email]")
    await email.fill("no address")
    await form.get_by_role("button", name="Save").click()
    await expect(email).to_have_attribute("aria-invalid", "true")
    await email.fill("rita@clinic.example")
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_have_count(0)
    row = page.get_by_role("row", name="Rita <b>Front</b>")
    await expect(row).to_contain_text("rita@clinic.example")
    headings = await page.locator("[data-table] th").all_inner_texts()
    waits = row.get_by_role("cell").nth(headings.index("Waits for sign-in"))
    await expect(waits).to_have_text("yes")
    people = (await front.get("/api/profiles?role=desk"))["items"]
    [rita] = [each for each in people if each.get("email") == "rita@clinic.example"]
    assert (rita["invited"], rita["clinic_ids"]) == (True, [front.clinic["id"]])


async def test_an_address_that_was_invited_before_is_refused_at_its_field(
    visits: Visits, front: Front
):
    body = {"full_name": "Nils", "email": "nils@clinic.example"}
    await front.post("/api/profiles", body | {"role": "admin"})
    page = await visits.open(f"/desk/people?clinic={front.clinic['id']}", "admin")
    await page.get_by_label("Role").select_option("admin")
    await page.get_by_role("button", name="Add").click()
    form = page.locator("[data-row-form]")
    for name, text in body.items():
        await form.locator(f"[data-field={name}]").fill(text)
    await form.get_by_role("button", name="Save").click()
    await expect(form.locator("[data-field=email]")).to_have_attribute("aria-invalid", "true")
