"""`make screenshots`: pictures of the apps over the demo practice, for the README."""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import async_playwright

from db.demo_practice import load_demo_data
from db.migrate import migrate
from embedded import stack, web_app
from tests import optional
from tests.browser.site import CHECKOUT, Visits, a_site, shown
from tests.support import monday

MONDAY = monday(9).date()
"""A working day of the demo practice."""

IMAGES = CHECKOUT / "docs" / "images"


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    role: str | None = None
    width: int = 1440
    height: int = 900
    theme: str = "light"


SHOTS = (
    Shot("desk", f"/desk?date={MONDAY}", "admin"),
    Shot("desk-dark", f"/desk?date={MONDAY}", "admin", theme="dark"),
    Shot("health", "/desk/health", "admin"),
    Shot("dentist-phone", f"/day/week?week={MONDAY}", "dentist", width=390, height=844),
    Shot("patient-phone", "/", width=390, height=844),
)


async def take(visits: Visits, shot: Shot) -> None:
    page = await visits.open(shot.path, shot.role, width=shot.width, theme=shot.theme)
    await page.set_viewport_size({"width": shot.width, "height": shot.height})
    await shown(page)
    await page.screenshot(path=IMAGES / f"{shot.name}.png")


async def take_all(visits: Visits) -> None:
    IMAGES.mkdir(exist_ok=True)
    for shot in SHOTS:
        await take(visits, shot)
        print(IMAGES / f"{shot.name}.png")


async def main() -> None:
    web_app.build(print)
    chromium = optional.path("chromium")
    if chromium is None:
        sys.exit("screenshots need Chromium: apt-get install chromium")
    with (
        tempfile.TemporaryDirectory() as home,
        stack.postgres() as postgres,
        stack.temporal() as temporal,
    ):
        await migrate(postgres.dsn())
        await load_demo_data(postgres.dsn())
        site = a_site(postgres.dsn(), temporal.address, Path(home))
        for part in (site.api, site.worker):
            await part.start()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox"]
                )
                visits = Visits(site, browser)
                await take_all(visits)
                await visits.close()
                await browser.close()
        finally:
            site.close()


if __name__ == "__main__":
    asyncio.run(main())
