"""The list of what is to do at a desk: who is late, who was missed, what was left open."""

from datetime import UTC, datetime, timedelta

import asyncpg
from playwright.async_api import expect

from tests.browser.desk import Front, Json
from tests.browser.site import Visits


async def test_late_missed_and_forgotten_visits_are_to_do_until_somebody_acts(
    visits: Visits, front: Front
):
    clinic = await clinic_at_noon(front)
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


async def lapse(front: Front, id: str) -> None:
    """Marks a visit as left open, as the worker does a day after its end."""
    connection = await asyncpg.connect(
        front.site.dsn, server_settings={"search_path": "chairtime, pg_temp"}
    )
    try:
        await connection.execute(
            """
            update appointments
               set lapsed_at = clock_timestamp(), version = version + 1,
                   updated_at = clock_timestamp(), command_id = null, verb = 'lapse',
                   actor = 'system', via = 'workflow', reason = null
             where id = $1
            """,
            id,
        )
    finally:
        await connection.close()


async def clinic_at_noon(front: Front) -> Json:
    """A clinic in whose zone it is about midday, so that an hour ago is today."""
    hours = datetime.now(UTC).hour - 12
    zone = f"Etc/GMT{hours:+d}" if hours else "UTC"
    body = {"name": "Where It Is Noon", "time_zone": zone, "slot_grid_minutes": 5}
    return await front.post("/api/clinics", body)


async def type_at(front: Front, clinic: Json, minutes: int) -> str:
    return await front.type(clinic_id=clinic["id"], duration_minutes=minutes)
