"""What goes wrong at a desk: others are faster, addresses are wrong, names are long."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.desk import SCALE, Front, card, drag, free_time, height_of
from tests.browser.site import Visits, overflow, shown

LONG = "Dr. Maximiliane-Anastasia von Hohenstein-Wallerstein-Oettingen " * 2
PAPER = 1060
"""The width of a landscape sheet of A4 within its margins, in pixels."""


async def open_form(page: Page, front: Front, slot: dict[str, Any], slug: str) -> None:
    column = free_time(page, slot)
    await column.click(position={"x": 60, "y": await height_of(page, front, slot) + 4})
    await page.locator("[data-new-booking]").get_by_label("Visit").select_option(slug)


async def open_verb(page: Page, verb: str) -> None:
    await page.locator(f"[data-verb={verb}]").focus()
    await page.keyboard.press("Enter")


async def test_a_long_name_makes_no_column_wider_and_twelve_fit_a_sheet(
    visits: Visits, front: Front
):
    clinic = await front.post(
        "/api/clinics",
        {"name": "Of Long Names", "time_zone": "Europe/Berlin", "slot_grid_minutes": 15},
    )
    for number in range(12):
        body = {"full_name": f"{LONG[:100]}{number}", "role": "dentist", "specialty": "General"}
        await front.post("/api/profiles", body | {"clinic_id": clinic["id"]})
    page = await visits.open(f"/desk?clinic={clinic['id']}", "admin")
    columns = page.locator("section[data-column]")
    await expect(columns).to_have_count(12)
    widths = await columns.evaluate_all("all => all.map(each => each.offsetWidth)")
    assert max(widths) <= 151
    await page.emulate_media(media="print")
    await page.set_viewport_size({"width": PAPER, "height": 750})
    await expect(columns.last).to_be_in_viewport(ratio=0.5)
    assert await overflow(page) == 0


@pytest.mark.parametrize("date", ["2027-13-45", "2027-02-30", "0000-00-00", "tomorrow"])
async def test_an_address_of_no_day_shows_today(visits: Visits, front: Front, date: str):
    page = await visits.open(f"/desk?date={date}&booking=none", "desk")
    await shown(page)
    await expect(page.get_by_role("button", name="Today")).to_be_disabled()
    await expect(page.locator("[data-panel-of]")).to_have_count(0)


async def test_a_clinic_of_others_does_not_stay_in_the_address(visits: Visits, front: Front):
    page = await visits.open("/desk?clinic=nowhere", "desk")
    await expect(page).to_have_url(re.compile(f"clinic={front.clinic['id']}"))


async def test_the_focus_stays_in_the_panel_when_a_button_or_form_goes(
    visits: Visits, front: Front
):
    slug = await front.type()
    slot = (await front.free(slug, apart=4))[0]
    held = await front.book(slot, slug, "/api/availability/reserve")
    page = await visits.open(front.path(slot["starts_at"], held["id"]), "desk")
    panel = page.locator("[data-panel-of]")
    heading = panel.get_by_role("heading", level=2)
    await open_verb(page, "confirm")
    await expect(card(page, held)).to_have_attribute("data-status", "booked")
    await expect(heading).to_be_focused()
    await open_verb(page, "edit")
    await expect(panel.get_by_role("textbox").first).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(panel.get_by_role("textbox")).to_have_count(0)
    await expect(heading).to_be_focused()
    await open_verb(page, "cancel")
    await panel.get_by_role("button", name="Cancel the visit").press("Enter")
    await expect(card(page, held)).to_have_count(0)
    await expect(heading).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(panel).to_have_count(0)
    await expect(page.locator("[data-board]")).to_be_focused()


async def test_a_note_that_could_not_be_saved_stays_in_its_form(visits: Visits, front: Front):
    slug = await front.type()
    booking = await front.book((await front.free(slug, apart=4))[1], slug)
    page = await visits.open(front.path(booking["starts_at"], booking["id"]), "desk")
    panel = page.locator("[data-panel-of]")
    await open_verb(page, "edit")
    note = panel.get_by_label("Note", exact=True)
    await note.fill("Brings her X-rays")

    async def fail(route: Route) -> None:
        if route.request.method == "GET":
            await route.fallback()
        else:
            await route.abort()

    await page.route(f"**/api/appointments/{booking['id']}*", fail)
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.get_by_role("alert")).to_be_visible()
    await expect(note).to_have_value("Brings her X-rays")
    await page.unroute_all()
    await panel.get_by_role("button", name="Save").click()
    await expect(note).to_have_count(0)
    assert (await front.appointment(booking["id"]))["notes"] == "Brings her X-rays"


async def test_two_desks_do_not_undo_each_others_notes(visits: Visits, front: Front):
    slug = await front.type()
    booking = await front.book((await front.free(slug, apart=4))[2], slug)
    one, other = [
        await visits.open(front.path(booking["starts_at"], booking["id"]), "desk") for _ in "12"
    ]
    for page in (one, other):
        await open_verb(page, "edit")
    await one.get_by_label("Note", exact=True).fill("By the first")
    await one.get_by_role("button", name="Save").click()
    await expect(other.locator("[data-panel-of]")).to_contain_text("Somebody else has saved")
    await other.get_by_label("Staff's note").fill("By the second")
    await other.get_by_role("button", name="Save").click()
    await expect(one.locator("[data-panel-of]")).to_contain_text("By the second")
    saved = await front.appointment(booking["id"])
    assert (saved["notes"], saved["staff_notes"]) == ("By the first", "By the second")


async def test_an_open_form_says_that_its_time_was_taken_meanwhile(visits: Visits, front: Front):
    slug = await front.type()
    slot = (await front.free(slug, apart=4))[3]
    page = await visits.open(front.path(slot["starts_at"]), "desk")
    await open_form(page, front, slot, slug)
    form = page.locator("[data-new-booking]")
    await form.get_by_role("button", name="New patient").click()
    await form.get_by_label("Name").fill("Too Late")
    await front.book(slot, slug)
    await expect(form.locator("[data-why]")).to_contain_text("Another booking is in the way")
    await expect(form.get_by_label("Name")).to_have_value("Too Late")


async def test_a_refused_hold_becomes_a_hold_at_another_time(visits: Visits, front: Front):
    slug = await front.type()
    slot = (await front.free(slug, apart=4))[4]
    await front.book(slot, slug)
    page = await visits.open(front.path(slot["starts_at"]), "desk")
    column = free_time(page, slot)
    await column.click(position={"x": 2, "y": await height_of(page, front, slot) - 4})
    form = page.locator("[data-new-booking]")
    await form.get_by_label("Visit").select_option(slug)
    await form.get_by_role("button", name="New patient").click()
    await form.get_by_label("Name").fill("Holds Elsewhere")
    await form.get_by_role("button", name="Hold").click()
    await form.locator("[data-alternatives] button").first.click()
    await expect(form).to_have_count(0)
    found = await front.get("/api/appointments", clinic_id=front.clinic["id"], status="held")
    assert "Holds Elsewhere" in [each["patient_name"] for each in found["items"]]


async def test_a_drag_to_another_chair_changes_nothing(visits: Visits, front: Front):
    slug = await front.type(needs_chair=True)
    booking = await front.book((await front.free(slug, apart=4))[5], slug)
    page = await visits.open(front.path(booking["starts_at"]) + "&columns=chairs", "desk")
    dragged = card(page, booking)
    await dragged.scroll_into_view_if_needed()
    box = await dragged.bounding_box()
    other = await page.locator("section[data-column=none]").bounding_box()
    assert box is not None
    assert other is not None
    await page.mouse.move(box["x"] + 20, box["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(other["x"] + 20, box["y"] + 10, steps=4)
    own = page.locator(f"section[data-column='{booking['chair']}'] [data-ghost]")
    await expect(own).to_contain_text(front.clock(booking["starts_at"]))
    await page.mouse.up()
    await page.mouse.move(box["x"] + 20, box["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(other["x"] + 20, box["y"] + 10 + 30 * SCALE, steps=4)
    await page.mouse.up()
    moved = page.get_by_role("button", name="Undo")
    await expect(moved).to_have_count(1)
    assert (await front.appointment(booking["id"]))["version"] == booking["version"] + 1


async def test_an_undo_that_somebody_forestalled_succeeds_at_the_next_try(
    visits: Visits, front: Front
):
    slug = await front.type()
    before, after = (await front.free(slug, apart=3))[:2]
    booking = await front.book(before, slug)
    page = await visits.open(front.path(before["starts_at"]), "desk")
    await drag(page, front, booking, after)
    undo = page.get_by_role("button", name="Undo")
    await expect(undo).to_be_visible()
    path = f"/api/appointments/{booking['id']}"
    assert (await front.client.put(path, json={"notes": "Meanwhile"})).status_code == 200
    await undo.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Somebody else has changed this")
    await expect(dialog).to_contain_text(front.clock(after["starts_at"]))
    await dialog.get_by_role("button", name="Move it anyway").click()
    await expect(dialog).to_have_count(0)
    await expect(card(page, booking)).to_contain_text(front.clock(before["starts_at"]))
    assert (await front.appointment(booking["id"]))["notes"] == "Meanwhile"


async def test_a_forced_move_that_somebody_forestalled_succeeds_at_the_next_try(
    visits: Visits, front: Front
):
    slug = await front.type()
    before, after = (await front.free(slug, apart=3))[:2]
    booking = await front.book(before, slug)
    closed = {
        "on_date": front.date(after["starts_at"]),
        "kind": "closed",
        "starts": front.clock(after["starts_at"]),
        "ends": front.clock(after["ends_at"]),
    }
    hours = f"/api/availability/{after['dentist_id']}"
    present = await front.get(hours)
    body = {"weekly": present["weekly"], "exceptions": [*present["exceptions"], closed]}
    assert (await front.client.put(hours, json=body)).status_code == 200
    page = await visits.open(front.path(before["starts_at"]), "desk")
    await drag(page, front, booking, after)
    dialog = page.get_by_role("dialog")
    anyway = dialog.get_by_role("button", name="Move it anyway")
    await expect(anyway).to_be_visible()
    path = f"/api/appointments/{booking['id']}"
    assert (await front.client.put(path, json={"notes": "Meanwhile"})).status_code == 200
    await anyway.click()
    await expect(dialog).to_contain_text("Somebody else has changed this")
    await anyway.click()
    await expect(dialog).to_have_count(0)
    await expect(card(page, booking)).to_contain_text(front.clock(after["starts_at"]))
