"""Signing in, and out: whoever comes next in the same browser gets nothing of the first."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.site import Visits

HOMES = {"admin": "/desk", "desk": "/desk", "dentist": "/day", "patient": "/"}
FULL_NAMES = {
    "admin": "Admin",
    "desk": "Greta Vogel",
    "dentist": "Dr. Amara Okafor",
    "patient": "Ana Torres",
}


async def choose(page: Page, role: str) -> None:
    await page.get_by_role("button", name=FULL_NAMES[role]).click()


async def sign_out(page: Page) -> None:
    await page.get_by_role("button", name="Account and settings").click()
    await page.get_by_role("menuitem", name="Sign out").click()


def at(path: str) -> re.Pattern[str]:
    return re.compile(f"^https?://[^/]+{path}([?#].*)?$")


@pytest.mark.parametrize("role", HOMES)
async def test_each_role_signs_in_and_gets_its_own_app(visits: Visits, role: str):
    page = await visits.open("/sign-in")
    await choose(page, role)
    await page.wait_for_url(at(HOMES[role]))
    await page.get_by_role("button", name="Account and settings").click()
    await expect(page.get_by_role("menu")).to_contain_text(FULL_NAMES[role])


async def test_sign_in_returns_to_where_it_was_asked_for(visits: Visits):
    page = await visits.open("/desk/health?clinic=x")
    await page.wait_for_url(at("/sign-in"))
    await choose(page, "admin")
    await page.wait_for_url(at("/desk/health"))


@pytest.mark.parametrize(
    "next",
    [
        "//evil.example/",
        "https://evil.example/",
        "/\\\\evil.example",
        "/..//evil.example/x",
        "/.//evil.example/x",
        "/%252e%252e//evil.example",
        "javascript:alert(1)",
    ],
)
async def test_sign_in_returns_to_no_other_site(visits: Visits, next: str):
    page = await visits.open(f"/sign-in?next={next}")
    await choose(page, "admin")
    await page.wait_for_url(re.compile("^" + re.escape(visits.site.url)))
    await expect(page.get_by_role("button", name="Account and settings")).to_be_visible()
    assert page.url.startswith(visits.site.url)


async def test_who_has_no_right_to_an_app_is_sent_to_their_own(visits: Visits):
    page = await visits.open("/desk", "patient")
    await page.wait_for_url(at("/"))


async def test_the_second_user_of_a_browser_gets_nothing_of_the_first(visits: Visits):
    page = await visits.open("/sign-in")
    await choose(page, "admin")
    await page.wait_for_url(at("/desk"))
    await page.get_by_role("link", name="Realtime health").click()
    await page.wait_for_url(at("/desk/health"))
    await sign_out(page)
    await page.wait_for_url(at("/sign-in"))

    assert await page.evaluate("Object.keys(sessionStorage)") == ["test.begun"]
    assert "Admin" not in str(await page.evaluate("({...localStorage})"))
    locks = await page.evaluate("async () => (await navigator.locks.query()).held")
    assert [lock["name"] for lock in locks if " visitor " not in lock["name"]] == []
    await page.go_back()
    await page.wait_for_url(at("/sign-in"))

    asked: list[str | None] = []
    page.on("request", lambda request: asked.append(request.headers.get("authorization")))
    await choose(page, "patient")
    await page.wait_for_url(at("/"))
    await expect(page.get_by_role("button", name="Account and settings")).to_contain_text("Ana")
    assert len({token for token in asked if token}) == 1


async def test_signing_out_in_one_tab_signs_out_the_others(visits: Visits):
    page = await visits.open("/desk", "admin")
    await expect(page.get_by_role("button", name="Account and settings")).to_be_visible()
    other = await page.context.new_page()
    await other.goto("/desk")
    await expect(other.get_by_role("button", name="Account and settings")).to_be_visible()
    await sign_out(page)
    await other.wait_for_url(at("/sign-in"))


async def test_a_new_tab_takes_over_the_session_and_the_stream(visits: Visits):
    """The init script would sign in the second tab, too; so it is opened without it."""
    page = await visits.open("/sign-in")
    streams: list[str] = []
    page.context.on(
        "request",
        lambda request: streams.append(request.url) if "/api/events" in request.url else None,
    )
    await choose(page, "admin")
    await page.wait_for_url(at("/desk"))
    await expect(page.locator("[data-live=live]")).to_be_visible()
    other = await page.context.new_page()
    await other.goto("/desk/health")
    await expect(other.locator("[data-live=live]")).to_be_visible()
    assert len([url for url in streams if "topics=availability" not in url]) == 1  # a visitor's
