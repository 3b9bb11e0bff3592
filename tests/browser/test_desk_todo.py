"""The list of what is to do at a desk: who is late, who was missed, what was left open."""

from datetime import UTC, datetime, timedelta

import asyncpg
from playwright.async_api import expect

from tests.browser.desk import Front, Json
from tests.browser.site import Visits


async def test_late_missed_and_forgotten_visits_are_to_do_until_somebody_acts(
    visits: Visits, front: Front
):
    clinic = await clinic_at(front, 12)
    body = {"full_name": "Dr. Noon", "role": "dentist", "specialty": "General dentistry"}
    dentist = await front.post("/api/profiles", body | {"clinic_id": clinic["id"]})
    page = await visits.open(f"/desk?clinic={clinic['id']}", "admin")
    await expect(page.locator("[data-todo]")).to_contain_text("Nothing waits")
    ago = {
        "late": (timedelta(minutes=5), 60),
        "no_shows": (timedelta(minutes=25), 15),
        "lapsed": (timedelta(minutes=10), 5),
    }
    names = {}
    for group, (since, length) in ago.items():
        slug = await type_at(front, clinic, length)
        starts_at = (datetime.now(UTC) - since).replace(second=0, microsecond=0)
        slot = {"dentist_id": dentist["id"], "starts_at": starts_at.isoformat()}
        booking = await front.book(slot, slug, override=True)
        if group == "lapsed":
            await lapse(front, booking["id"])
        names[group] = (await front.appointment(booking["id"]))["patient_name"]
    for group, name in names.items():
        listed = page.locator(f"[data-todo-group={group}]").get_by_role("button")
        await expect(listed).to_have_count(1)
        await expect(listed).to_contain_text(name)
    for group, verb in (("late", "check_in"), ("no_shows", "no_show")):
        await page.locator(f"[data-todo-group={group}]").get_by_role("button").click()
        await page.locator(f"[data-verb={verb}]").click()
        await expect(page.locator(f"[data-todo-group={group}]")).to_have_count(0)


async def test_who_was_expected_before_midnight_is_to_do_after_it(visits: Visits, front: Front):
    clinic = await clinic_at(front, 0)
    body = {"full_name": "Dr. Night", "role": "dentist", "specialty": "General dentistry"}
    dentist = await front.post("/api/profiles", body | {"clinic_id": clinic["id"]})
    midnight = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    slot = {"dentist_id": dentist["id"], "starts_at": (midnight + timedelta(hours=3)).isoformat()}
    booking = await front.book(slot, await type_at(front, clinic, 60), override=True)
    await change(front, booking["id"], "starts_at = date_trunc('hour', now()) - interval '10 min'")
    name = (await front.appointment(booking["id"]))["patient_name"]
    page = await visits.open(f"/desk?clinic={clinic['id']}", "admin")
    await expect(page.locator("[data-todo]").get_by_role("button", name=name)).to_be_visible()


async def lapse(front: Front, id: str) -> None:
    """Marks a visit as left open, as the worker does a day after its end."""
    await change(front, id, "lapsed_at = clock_timestamp()")


async def change(front: Front, id: str, what: str) -> None:
    """Writes to a visit what no route would."""
    connection = await asyncpg.connect(
        front.site.dsn, server_settings={"search_path": "chairtime, pg_temp"}
    )
    try:
        await connection.execute(
            f"""
            update appointments
               set {what}, version = version + 1,
                   updated_at = clock_timestamp(), command_id = null, verb = 'lapse',
                   actor = 'system', via = 'workflow', reason = null
             where id = $1
            """,
            id,
        )
    finally:
        await connection.close()


async def clinic_at(front: Front, hour: int) -> Json:
    """A clinic in whose zone it is this hour now."""
    west = (datetime.now(UTC).hour - hour + 12) % 24 - 12
    zone = f"Etc/GMT{west:+d}" if west else "UTC"
    body = {"name": f"Where It Is {hour} O'Clock", "time_zone": zone, "slot_grid_minutes": 5}
    return await front.post("/api/clinics", body)


async def type_at(front: Front, clinic: Json, minutes: int) -> str:
    return await front.type(clinic_id=clinic["id"], duration_minutes=minutes)
