"""A system with the built web app for the tests of a module, and one Chromium for all tests."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from db import demo
from embedded import node, stack, web_app
from tests import optional
from tests.browser.desk import Front
from tests.browser.site import Site, Visits, a_site
from tests.conftest import Postgres
from tests.servers import TEMPLATE

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need Chromium, as `make test ARGS="-m optional"` asks. They share one browser,
    and therefore one event loop.
    """
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.optional("chromium"))
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Its build without windows, where there is one, takes a third of the CPU."""
    return optional.path("chromium-headless-shell") or optional.needed("chromium")


@pytest.fixture(scope="session")
def built() -> None:
    """The web app is built from the present sources; axe-core is installed."""
    if node.find() is None:
        pytest.skip("Node.js is not installed, so that the web app cannot be built")
    node.install(node.environment(node.obtain(print)), print)
    try:
        web_app.build(print)
    except subprocess.CalledProcessError as error:
        pytest.fail(f"the web app cannot be built: {error}")


@pytest.fixture(scope="module")
def site(
    chromium: str,
    built: None,
    postgres: Postgres,
    temporal: stack.RunningTemporal,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """One system for the tests of a module, with the demo clinic."""
    name = f"browser_{uuid4().hex[:12]}"
    asyncio.run(_run(postgres, f"create database {name} template {TEMPLATE} owner chairtime"))
    site = a_site(postgres.dsn(name), temporal.address, tmp_path_factory.mktemp("site"))
    for part in (site.api, site.worker):
        part.launch()
    for part in (site.api, site.worker):
        part.wait()
    yield site
    site.close()
    asyncio.run(_run(postgres, f"drop database {name} with (force)"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visits(site: Site, browser: Browser) -> AsyncIterator[Visits]:
    """Opens pages. Whatever they do, they write nothing to the console and break no policy."""
    visits = Visits(site, browser)
    yield visits
    await visits.close()
    assert visits.written == []


@pytest_asyncio.fixture(loop_scope="session")
async def front(site: Site) -> AsyncIterator[Front]:
    """The demo clinic, by what its administration may do over the API."""
    bearer = {"Authorization": f"Bearer {site.token('admin')}"}
    async with httpx2.AsyncClient(base_url=site.url, headers=bearer) as client:
        clinics = (await client.get("/api/clinics")).json()
        yield Front(client, site, next(each for each in clinics if each["id"] == str(demo.CLINIC)))


async def _run(running: Postgres, sql: str) -> None:
    connection = await asyncpg.connect(running.superuser_dsn())
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
