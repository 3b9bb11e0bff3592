"""The example bots, as a builder runs them: against the whole stack, with an agent's token."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chairtime_client import Conversation, Refused, SignInRefused, SupabaseToken
from db.demo import person_id
from embedded import node, ports
from tests.acceptance.clinic import Clinic
from tests.acceptance.conftest import clinic, premises, standing
from tests.acceptance.premises import Part
from tests.browser.supabase import EMAIL, PASSWORD, Supabase
from tests.clients.test_typescript import environment, package, run
from tests.support import HANG

__all__ = ["clinic", "environment", "package", "premises", "standing"]

pytestmark = pytest.mark.timeout(600)  # on a new machine the first test gets Node and all packages

CLIENTS = node.CHECKOUT / "clients"
PATIENT = str(person_id("patient", "ben"))
LONGEST = 60
"""Lines of an example that are not empty."""

EXAMPLES = [CLIENTS / "python/examples/bot.py", CLIENTS / "typescript/examples/bot.ts"]


class Service(Supabase):
    """Supabase with one user, an agent, whose sessions are soon over."""

    def __init__(self) -> None:
        super().__init__()
        self.grants: list[str] = []
        self.seconds = 3600
        self.refresh_token = ""

    async def _token(self, request: Request) -> Response:
        grant = request.query_params["grant_type"]
        self.grants.append(grant)
        given = await request.json()
        user = {"email": EMAIL, "password": PASSWORD}
        known = user if grant == "password" else {"refresh_token": self.refresh_token}
        if request.headers["apikey"] != "public" or given != known:
            return self._refused()
        self.refresh_token = f"refresh-{len(self.grants)}"
        claims = {
            "sub": str(person_id("agent", "chatbot")),
            "app_metadata": {"role": "agent"},
        }
        return JSONResponse(
            {
                "access_token": self.token(**claims),
                "refresh_token": self.refresh_token,
                "expires_in": self.seconds,
            }
        )


class Bot:
    """A running bot and the person that talks to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def said(self, pattern: str) -> str:
        """Reads on until the bot says something like this."""
        heard = []
        async with asyncio.timeout(HANG):
            while line := (await self._process.stdout.readline()).decode():
                heard.append(line)
                if re.search(pattern, line):
                    return line
        raise AssertionError(f"never said {pattern}: {heard}")

    async def answer(self, line: str) -> None:
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()


@pytest.fixture(params=["python", "typescript"])
def started(request: pytest.FixtureRequest) -> Callable:
    """`async with started(treatment, **environment) as bot`."""
    argv, variables, cwd = _command(request)

    @asynccontextmanager
    async def started(treatment: str, **environment: str) -> AsyncIterator[Bot]:
        process = await asyncio.create_subprocess_exec(
            *(*argv, PATIENT, treatment),
            cwd=cwd,
            env={**variables, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield Bot(process)
            assert await asyncio.wait_for(process.wait(), HANG) == 0
        finally:
            if process.returncode is None:
                process.kill()

    return started


def _command(request: pytest.FixtureRequest) -> tuple[list[str], Mapping[str, str], Path]:
    if request.param == "python":
        return [sys.executable, str(EXAMPLES[0])], {}, CLIENTS
    variables = request.getfixturevalue("environment")
    folder: Path = request.getfixturevalue("package")
    return ["node", str(_compiled(variables, folder))], variables, folder


def _compiled(variables: Mapping[str, str], folder: Path) -> Path:
    """The bot beside the installed package, as JavaScript."""
    (folder / "bot.ts").write_text(EXAMPLES[1].read_text())
    modules = node.CHECKOUT / "node_modules"
    if not (folder / "node_modules" / "@types").exists():
        (folder / "node_modules" / "@types").symlink_to(modules / "@types")
        (folder / "node_modules" / "undici-types").symlink_to(modules / "undici-types")
    options = ("--strict", "--module", "nodenext", "--target", "es2022", "--types", "node")
    run(variables, str(modules / ".bin/tsc"), *options, "bot.ts", cwd=folder)
    return folder / "bot.js"


async def test_a_bot_hears_of_the_expiry_and_books_another_time(clinic: Clinic, started):
    stack = {
        "CHAIRTIME_URL": clinic.premises.one.url,
        "CHAIRTIME_TOKEN": clinic.token("agent", "chatbot"),
    }
    async with started("demo-short-hold", **stack) as bot:
        first = await bot.said("Shall I book it")
        await bot.said("has expired")
        second = await bot.said("Shall I book it")
        assert first != second
        await bot.answer("yes")
        await bot.said("is booked")


async def test_a_bot_gives_back_what_the_person_does_not_want(clinic: Clinic, started):
    stack = {
        "CHAIRTIME_URL": clinic.premises.one.url,
        "CHAIRTIME_TOKEN": clinic.token("agent", "chatbot"),
    }
    async with started("checkup", **stack) as bot:
        await bot.said("Shall I book it")
        await bot.answer("no")
        await bot.said("given back|cancelled")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with Service().running() as service:
        yield service


@pytest.fixture
async def production(clinic: Clinic, service: Service) -> AsyncIterator[str]:
    """The address of an API that accepts the service's tokens, as in production."""
    one, port = clinic.premises.one, ports.any_free()
    environment = {
        **one.environment,
        "ENVIRONMENT": "production",
        "JWT_ISSUER": service.url,
        "HOLD_TOKEN_SECRET": "s" * 32,
        "PORT": str(port),
        "METRICS_PORT": "0",
    }
    api = Part(["api"], environment, port, one.log.with_name("production.log"))
    await api.start()
    yield api.url
    api.kill()


async def test_a_bot_gets_and_refreshes_its_token(production: str, service: Service, started):
    service.seconds = 60  # as long as the margin: each call renews
    signing_in = {
        "CHAIRTIME_URL": production,
        "SUPABASE_URL": service.url.removesuffix("/auth/v1"),
        "SUPABASE_KEY": "public",
        "AGENT_EMAIL": EMAIL,
        "AGENT_PASSWORD": PASSWORD,
    }
    async with started("cleaning", **signing_in) as bot:
        await bot.said("Shall I book it")
        await bot.answer("yes")
        await bot.said("is booked")
    assert service.grants[0] == "password"
    assert set(service.grants[1:]) == {"refresh_token"}


def supabase_token(service: Service, password: str = PASSWORD) -> SupabaseToken:
    return SupabaseToken(service.url.removesuffix("/auth/v1"), "public", EMAIL, password)


async def test_one_token_serves_all_until_it_ends_and_a_lost_session_begins_anew(service: Service):
    token = supabase_token(service)
    assert len(set(await asyncio.gather(*(token() for _ in range(20))))) == 1
    assert service.grants == ["password"]
    service.refresh_token = "revoked"
    token.renew()
    await token()
    assert service.grants == ["password", "refresh_token", "password"]


async def test_a_wrong_password_is_not_tried_again(service: Service):
    with pytest.raises(SignInRefused):
        await supabase_token(service, "wrong")()
    assert service.grants == ["password"]


async def test_a_token_that_the_api_refuses_is_renewed_once(production: str, service: Service):
    token = supabase_token(service)
    await token()
    token._session["access_token"] = "gone"
    async with Conversation(production, token, "talk") as conversation:
        found = await conversation.tool("find_slots", appointment_type="checkup")
    assert found["ok"] is True
    assert service.grants == ["password", "refresh_token"]


async def test_a_visitor_finds_times_and_needs_a_token_to_hold_one(clinic: Clinic):
    async with Conversation(clinic.premises.one.url, None, "talk") as conversation:
        found = await conversation.tool("find_slots", appointment_type="checkup")
        slot = {name: found["slots"][0][name] for name in ("dentist_id", "starts_at")}
        with pytest.raises(Refused) as refused:
            await conversation.tool("hold_slot", appointment_type="checkup", **slot)
    assert refused.value.status == 401


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_short(example: Path):
    assert len([line for line in example.read_text().splitlines() if line.strip()]) <= LONGEST
