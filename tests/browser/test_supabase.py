"""Signing in where Supabase issues the tokens, as in production."""

import re
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Page, expect

from embedded import ports
from tests.acceptance.premises import Part
from tests.browser.site import Site, Visits, violations
from tests.browser.supabase import CODE, EMAIL, PASSWORD, Supabase


@pytest_asyncio.fixture(loop_scope="session")
async def supabase() -> AsyncIterator[Supabase]:
    async with Supabase().running() as supabase:
        yield supabase


@pytest_asyncio.fixture(loop_scope="session")
async def production(site: Site, supabase: Supabase) -> AsyncIterator[str]:
    """The address of an API in production that accepts Supabase's tokens."""
    port = ports.any_free()
    environment = {
        **site.api.environment,
        "ENVIRONMENT": "production",
        "JWT_ISSUER": supabase.url,
        "SUPABASE_ANON_KEY": "public",
        "PORT": str(port),
    }
    api = Part(["api"], environment, port, site.api.log.with_name("production.log"))
    await api.start()
    yield api.url
    api.kill()


async def opened(visits: Visits, api: str, **how: str) -> Page:
    page = await visits.open("/sign-in", api=api, **how)
    await expect(page.locator("input[type=email]")).to_be_visible()
    return page


async def signed_in(page: Page) -> None:
    await page.wait_for_url(re.compile(r"^https?://[^/]+/([?#].*)?$"))
    await page.get_by_role("button", name="Account and settings").click()
    await expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()


async def test_a_password_signs_in_and_nothing_stays_after_sign_out(
    production: str, supabase: Supabase, visits: Visits
):
    page = await opened(visits, production)
    assert await violations(page) == []
    await page.get_by_text("Password").click()
    await page.get_by_role("textbox", name="E-mail").fill(EMAIL)
    await page.locator("input[type=password]").fill("wrong")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await signed_in(page)

    kept = str(await page.evaluate("({...localStorage})")) + page.url
    assert "@" not in kept
    assert "eyJ" not in kept
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.wait_for_url(re.compile("/sign-in"))
    assert await page.evaluate("Object.keys(sessionStorage)") == ["test.begun"]
    assert supabase.paths == ["/auth/v1/token", "/auth/v1/logout"]


async def test_a_code_by_email_signs_in(production: str, supabase: Supabase, visits: Visits):
    page = await opened(visits, production, language="de")
    await page.get_by_role("textbox", name="E-Mail", exact=True).fill(EMAIL)
    await page.get_by_role("button", name="Code senden").click()
    await expect(page.get_by_role("status").filter(has_text="gesendet")).to_be_visible()
    await page.get_by_role("textbox", name="Code aus der E-Mail").fill(CODE)
    await page.get_by_role("button", name="Anmelden", exact=True).click()
    await page.wait_for_url(re.compile(r"^https?://[^/]+/([?#].*)?$"))
    assert supabase.paths == ["/auth/v1/otp", "/auth/v1/verify"]


async def test_production_offers_no_people_to_sign_in_as(visits: Visits, production: str):
    page = await opened(visits, production)
    for method in ("GET", "POST"):
        path = "people" if method == "GET" else "tokens"
        answer = await page.request.fetch(f"/api/development/{path}", method=method)
        assert answer.status == 404
