"""The whole system as processes, with the built web app, and pages in the system's Chromium."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from api.auth import development
from embedded import ports
from settings import Settings
from tests.acceptance.premises import Part

CHECKOUT = Path(__file__).resolve().parents[2]
AXE = CHECKOUT / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

PATIENCE = 30_000
"""Milliseconds after which a step counts as hung, on the slowest machine."""

expect.set_options(timeout=PATIENCE)

SIGN_IN = """
if (location.protocol === 'http:' && !sessionStorage.getItem('test.begun')) {
  sessionStorage.setItem('test.begun', 'yes');
  for (const [key, value] of Object.entries(%s)) sessionStorage.setItem(key, value);
  for (const [key, value] of Object.entries(%s)) localStorage.setItem(key, value);
}
"""
NETWORK = re.compile(r"Failed to load resource|net::ERR_|Failed to fetch")
"""What the browser itself writes to the console where a request was refused or failed."""


@dataclass
class Site:
    """A running system over a database of its own."""

    settings: Settings
    api: Part
    worker: Part
    dsn: str

    @property
    def url(self) -> str:
        return self.api.url

    def close(self) -> None:
        self.worker.kill()
        self.api.stop()

    def token(self, role: str, name: str | None = None) -> str:
        return development.token(self.settings, role, name)


@dataclass
class Visits:
    """Opens pages, each in a browser profile of its own, and hears what they write."""

    site: Site
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    """What pages wrote to the console, and the exceptions that nobody caught."""

    async def open(
        self,
        path: str = "/",
        role: str | None = None,
        name: str | None = None,
        *,
        width: int = 1440,
        theme: str = "light",
        language: str = "en",
        api: str | None = None,
    ) -> Page:
        """A page of this width, theme and language, signed in as somebody of the demo data."""
        context = await self.browser.new_context(
            base_url=api or self.site.url,
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
            locale=language,
            timezone_id="Europe/Berlin",
        )
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.written.append(f"uncaught: {error.error}"))
        session = {"chairtime.session.development": self.site.token(role, name)} if role else {}
        kept = {"chairtime.language": language, "mantine-color-scheme-value": theme}
        await context.add_init_script(SIGN_IN % (json.dumps(session), json.dumps(kept)))
        page = await context.new_page()
        await page.goto(path)
        return page

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type != "verbose" and not NETWORK.search(message.text):
            self.written.append(f"{message.type}: {message.text}")


def a_site(dsn: str, temporal: str, home: Path) -> Site:
    """An API and a worker over this database, not yet started."""
    settings = Settings(
        environment="development", database_url=dsn, chairtime_home=home, _env_file=None
    )
    environment = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": dsn,
        "TEMPORAL_ADDRESS": temporal,
        "METRICS_PORT": "0",
        "CHAIRTIME_HOME": str(home),
        "HOST": ports.HOST,
    }
    port, health = ports.any_free(), ports.any_free()
    worker = ["worker", "--health-port", str(health)]
    return Site(
        settings,
        Part(["api"], environment | {"PORT": str(port)}, port, home / "api.log"),
        Part(worker, environment, health, home / "worker.log"),
        dsn,
    )


async def violations(page: Page) -> list[str]:
    """The rules of WCAG 2.2 AA that the page breaks, each with where."""
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES
    )
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


async def shown(page: Page) -> None:
    """Waits until the page has loaded what it shows."""
    await expect(page.locator("main").get_by_role("heading").first).to_be_visible()
    await expect(page.locator("[data-loading], .mantine-Skeleton-root")).to_have_count(0)


async def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(
        await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    )
