"""The front desk's board: bookings come, change and go as they do in the database."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.desk import Front, card, drag, free_time, height_of
from tests.browser.site import Visits, overflow, violations


async def test_a_patients_hold_is_shown_and_goes_when_it_expires(visits: Visits, front: Front):
    slug = await front.type(hold_seconds=6)
    slot = (await front.free(slug))[0]
    page = await visits.open(front.path(slot["starts_at"]), "admin")
    await expect(free_time(page, slot)).to_be_visible()
    body = {key: slot[key] for key in ("dentist_id", "starts_at")} | {"appointment_type": slug}
    token = visits.site.token("patient", "ana")
    held = await front.post("/api/availability/reserve", body, token)
    await expect(card(page, held)).to_have_attribute("data-status", "held")
    await expect(card(page, held)).to_contain_text(re.compile(r"held 0:0\d"))
    await expect(card(page, held)).to_have_count(0)


async def test_a_click_on_free_time_books_somebody_new(visits: Visits, front: Front):
    slug = await front.type()
    slot = (await front.free(slug))[1]
    page = await visits.open(front.path(slot["starts_at"]), "admin")
    column = free_time(page, slot)
    await column.click(position={"x": 60, "y": await height_of(page, front, slot) + 4})
    form = page.locator("[data-new-booking]")
    await expect(form).to_contain_text(front.clock(slot["starts_at"]))
    await form.get_by_label("Visit").select_option(slug)
    await form.get_by_role("button", name="New patient").click()
    await form.get_by_label("Name").fill("Walk <b>In</b>")
    await page.keyboard.press("Enter")
    await expect(form).to_have_count(0)
    booked = page.locator("button[data-booking]", has_text="Walk <b>In</b>")
    await expect(booked).to_have_attribute("data-status", "booked")


async def test_what_is_not_offered_says_why_in_the_form(visits: Visits, front: Front):
    slug = await front.type()
    slot = (await front.free(slug, apart=4))[0]
    await front.book(slot, slug)
    page = await visits.open(front.path(slot["starts_at"]), "admin")
    column = free_time(page, slot)
    await column.focus()
    for _ in range(200):
        if await column.get_attribute("aria-valuetext") == front.clock(slot["starts_at"]):
            break
        first = int(await column.get_attribute("aria-valuenow") or 0)
        later = first < front.minute(slot["starts_at"])
        await page.keyboard.press("ArrowDown" if later else "ArrowUp")
    await page.keyboard.press("Enter")
    form = page.locator("[data-new-booking]")
    await form.get_by_label("Visit").select_option(slug)
    await expect(form.locator("[data-why]")).to_contain_text("Another booking is in the way")
    await page.keyboard.press("Escape")
    await expect(form).to_have_count(0)
    await expect(column).to_be_focused()


async def test_the_panel_offers_exactly_what_is_allowed(visits: Visits, front: Front):
    slug = await front.type()
    slot = (await front.free(slug, apart=4))[1]
    held = await front.book(slot, slug, "/api/availability/reserve")
    page = await visits.open(front.path(slot["starts_at"], held["id"]), "admin")
    for status in ("held", "booked"):
        await expect(card(page, held)).to_have_attribute("data-status", status)
        await expect(page.locator("[data-panel-of]")).to_contain_text(status)
        allowed = (await front.appointment(held["id"]))["allowed"]
        names = {"reschedule": "move"}
        wanted = sorted(names.get(verb, verb) for verb in allowed if verb not in NOT_FOR_PEOPLE)
        shown = page.locator("[data-verb]")
        await expect(shown).to_have_count(len(wanted))
        assert wanted == sorted(await shown.evaluate_all("all => all.map(e => e.dataset.verb)"))
        if status == "held":
            await page.locator("[data-verb=confirm]").click()
    await expect(page.locator("[data-panel-of]")).to_contain_text("confirmed it")


NOT_FOR_PEOPLE = {"hold", "expire", "lapse", "assign_chair"}


async def test_a_drag_moves_a_booking_and_undo_moves_it_back(visits: Visits, front: Front):
    slug = await front.type()
    before, after = (await front.free(slug, apart=3))[:2]
    booking = await front.book(before, slug)
    page = await visits.open(front.path(before["starts_at"]), "admin")
    await drag(page, front, booking, after)
    await expect(card(page, booking)).to_contain_text(front.clock(after["starts_at"]))
    undo = page.get_by_role("button", name="Undo")
    await expect(undo).to_be_visible()
    moved = await front.appointment(booking["id"])
    assert front.minute(moved["starts_at"]) == front.minute(after["starts_at"])
    await undo.click()
    await expect(card(page, booking)).to_contain_text(front.clock(before["starts_at"]))
    await expect(undo).to_have_count(0)


async def test_the_keyboard_moves_a_booking(visits: Visits, front: Front):
    slug = await front.type()
    before, after = (await front.free(slug, apart=3))[:2]
    booking = await front.book(before, slug)
    page = await visits.open(front.path(before["starts_at"]), "admin")
    await card(page, booking).focus()
    await page.keyboard.press("Enter")
    await page.locator("[data-verb=move]").focus()
    await page.keyboard.press("Enter")
    time = page.locator("[data-move-form]").get_by_role(
        "button", name=front.clock(after["starts_at"]), exact=True
    )
    await time.focus()
    await page.keyboard.press("Enter")
    await expect(card(page, booking)).to_contain_text(front.clock(after["starts_at"]))
    history = page.get_by_role("region", name="History").get_by_role("listitem").last
    await expect(history).to_contain_text("moved it from")
    await expect(history).to_contain_text(front.clock(before["starts_at"]))
    await page.locator("[data-panel-of]").get_by_role("heading", level=2).focus()
    await page.keyboard.press("Escape")
    await expect(card(page, booking)).to_be_focused()


async def test_a_refused_move_offers_other_times(visits: Visits, front: Front):
    slug = await front.type()
    before, taken = (await front.free(slug, apart=3))[:2]
    booking = await front.book(before, slug)
    await front.book(taken, slug)
    page = await visits.open(front.path(before["starts_at"]), "admin")
    await drag(page, front, booking, taken)
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("It stays where it was")
    await expect(card(page, booking)).to_contain_text(front.clock(before["starts_at"]))
    await dialog.locator("[data-alternatives] button").first.click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert (await front.appointment(booking["id"]))["starts_at"] != booking["starts_at"]


async def test_a_cancelled_booking_leaves_the_board_and_keeps_its_reason(
    visits: Visits, front: Front
):
    slug = await front.type()
    booking = await front.book((await front.free(slug, apart=4))[2], slug)
    page = await visits.open(front.path(booking["starts_at"], booking["id"]), "admin")
    await page.locator("[data-verb=cancel]").click()
    await page.get_by_label("Reason").select_option("ill")
    await page.get_by_role("button", name="Cancel the visit").click()
    await expect(card(page, booking)).to_have_count(0)
    await expect(page.locator("[data-panel-of]")).to_contain_text("The patient is ill")


async def test_twelve_dentists_scroll_inside_the_board(visits: Visits, front: Front):
    for number in range(12):
        body = {
            "full_name": f"Dr. Number {number}",
            "role": "dentist",
            "clinic_id": front.clinic["id"],
            "specialty": "General dentistry",
        }
        await front.post("/api/profiles", body)
    path = f"/desk?clinic={front.clinic['id']}"
    page = await visits.open(path, "admin", width=1024)
    await expect(page.locator("[role=slider]").nth(11)).to_be_attached()
    assert await overflow(page) == 0
    board = page.locator("[data-board]")
    assert await board.evaluate("each => each.scrollWidth > each.clientWidth + 400")
    await board.evaluate("each => each.scrollTo(each.scrollWidth, 0)")
    await expect(page.get_by_text("08:00", exact=True).first).to_be_in_viewport()


async def test_a_blocked_time_is_closed_with_its_reason(visits: Visits, front: Front):
    slug = await front.type()
    slot = (await front.free(slug, apart=6))[1]
    page = await visits.open(front.path(slot["starts_at"]), "admin")
    column = free_time(page, slot)
    await column.click(position={"x": 60, "y": await height_of(page, front, slot) + 4})
    await page.get_by_role("button", name="Block time").click()
    form = page.locator("[data-block-time]")
    await form.get_by_label("Reason").fill("Staff meeting")
    await form.get_by_role("button", name="Block it").click()
    await expect(form).to_have_count(0)
    schedule = await front.get(f"/api/availability/{slot['dentist_id']}")
    assert {
        "on_date": front.date(slot["starts_at"]),
        "kind": "closed",
        "starts": front.clock(slot["starts_at"]),
        "reason": "Staff meeting",
    }.items() <= schedule["exceptions"][-1].items()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_an_open_form_and_panel_break_no_rule_of_wcag(
    visits: Visits, front: Front, theme: str
):
    slug = await front.type()
    slot, other = (await front.free(slug, apart=5))[:2]
    booking = await front.book(slot, slug)
    path = front.path(slot["starts_at"], booking["id"])
    page = await visits.open(path, "admin", theme=theme)
    await page.locator("[data-verb=move]").click()
    await expect(page.locator("[data-move-form] button").first).to_be_visible()
    assert await violations(page) == []
    column = free_time(page, other)
    await column.click(position={"x": 60, "y": await height_of(page, front, other) + 4})
    await expect(page.locator("[data-new-booking]")).to_be_visible()
    assert await violations(page) == []
