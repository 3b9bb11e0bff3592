"""Who calls too often is told to wait, and for how long; nobody else notices."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request
from pydantic import SecretStr
from starlette.responses import StreamingResponse

from api.app import create_app
from api.auth import development
from api.auth.security import Verifier, caller
from api.http import errors, limits
from api.http.addresses import Forwarded
from api.http.limits import SWEEP_EVERY, Limits, Memory, address
from api.http.middleware import install
from api.http.server import server_config
from domain.actors import Actor
from settings import Settings

Client = Callable[..., httpx2.AsyncClient]
Asking = Annotated[Actor, Depends(caller)]


class Silent(Memory):
    """A storage that does not answer."""

    STORAGE_SCHEME = ["async+silent"]  # noqa: RUF012

    async def acquire_sliding_window_entry(self, *args: object, **more: object) -> bool:
        return await asyncio.Future()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings(
        environment="development",
        chairtime_home=home,
        rate_limits=True,
        rate_limit_reads=5,
        rate_limit_writes=2,
        rate_limit_failures=3,
        _env_file=None,
    )


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    app = FastAPI()
    install(app, ())
    errors.install(app)
    app.state.verifier = Verifier.of(settings)
    app.state.limits = Limits.of(settings)

    @app.api_route("/api/things", methods=["GET", "HEAD", "POST", "PUT", "DELETE"])
    async def things(caller: Asking) -> str:
        return str(caller)

    @app.get("/api/events")
    async def events(caller: Asking) -> StreamingResponse:
        async def frames() -> AsyncIterator[str]:
            for _ in range(100):
                yield ": hb\n\n"

        return StreamingResponse(frames(), media_type="text/event-stream")

    return app


@pytest.fixture
def client(app: FastAPI, settings: Settings) -> Client:
    def client(name: str | None = None, host: str = "203.0.113.7") -> httpx2.AsyncClient:
        token = development.token(settings, "patient", name) if name else None
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app, client=(host, 50000)),
            base_url="http://chairtime",
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    return client


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock of the limits, to seconds from the beginning of a minute an hour ago."""
    minute = time.time() // 60 * 60 - 3600

    def at(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: minute + seconds)

    at(1)
    return at


async def statuses(client: httpx2.AsyncClient, method: str, times: int) -> list[int]:
    return [(await client.request(method, "/api/things")).status_code for _ in range(times)]


async def test_too_many_requests_are_refused_until_the_time_that_is_named(client, at):
    ana = client("ana")
    assert await statuses(ana, "GET", 6) == [200] * 5 + [429]
    refused = await ana.get("/api/things")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "rate_limited"
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 60
    at(1 + wait)
    assert await statuses(ana, "GET", 1) == [200]


@pytest.mark.parametrize("began", [0.01, 1, 20, 59])
async def test_retry_after_is_always_long_enough(client, at, began):
    at(began)
    ana = client("ana")
    await statuses(ana, "POST", 3)
    refused = await ana.post("/api/things")
    at(began + int(refused.headers["Retry-After"]))
    assert await statuses(ana, "POST", 1) == [200]


async def test_writes_have_their_own_lower_limit(client, at):
    ana = client("ana")
    assert await statuses(ana, "POST", 1) == [200]
    assert await statuses(ana, "DELETE", 1) == [200]
    assert await statuses(ana, "PUT", 1) == [429]
    assert await statuses(ana, "HEAD", 1) == [200]
    assert await statuses(ana, "GET", 4) == [200] * 4


async def test_each_caller_has_a_limit_of_their_own_wherever_they_call_from(client, at):
    assert await statuses(client("ana"), "POST", 3) == [200, 200, 429]
    assert await statuses(client("ana", "198.51.100.1"), "POST", 1) == [429]
    assert await statuses(client("ben"), "POST", 2) == [200, 200]


async def test_those_without_a_token_are_limited_by_address_and_do_not_lock_out_others(client, at):
    assert await statuses(client(), "GET", 4) == [401, 401, 401, 429]
    forged = client()
    forged.headers["Authorization"] = "Bearer x.y.z"
    assert await statuses(forged, "GET", 1) == [429]
    assert await statuses(client(host="198.51.100.1"), "GET", 1) == [401]
    assert await statuses(client("ana"), "GET", 1) == [200]


async def test_forwarded_header_of_an_untrusted_caller_changes_no_limit(client, at):
    who = client()
    answers = []
    for n in range(4):
        who.headers["X-Forwarded-For"] = f"192.0.2.{n}"
        answers += await statuses(who, "GET", 1)
    assert answers == [401, 401, 401, 429]


@pytest.mark.parametrize(
    ("host", "known_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("a socket", "a socket"),
    ],
)
def test_ipv6_addresses_are_limited_per_64(host, known_as):
    assert address(Request({"type": "http", "client": (host, 1)})) == known_as


async def test_a_stream_counts_once(client, at):
    ana = client("ana")
    for _ in range(5):
        assert (await ana.get("/api/events")).text.count(": hb") == 100
    assert (await ana.get("/api/events")).status_code == 429


@pytest.mark.parametrize("away", ["refuses", "is silent"])
async def test_requests_pass_while_counters_are_unreachable(
    app, settings, client, at, caplog, monkeypatch, away
):
    gone = settings.model_copy(update={"rate_limit_storage": SecretStr("redis://127.0.0.1:1")})
    app.state.limits = Limits.of(gone) if away == "refuses" else Limits(Silent(), 1, 1, 1)
    monkeypatch.setattr(limits, "STORAGE_TIMEOUT", 0.01 if away == "is silent" else 5)
    assert await statuses(client("ana"), "GET", 3) == [200] * 3
    assert await statuses(client(), "GET", 3) == [401] * 3
    assert "rate limits are not enforced" in caplog.text


async def test_expired_counters_are_removed(client, app, at):
    storage = Memory()
    app.state.limits = Limits(storage, 5, 5, 5)
    await statuses(client("ana"), "GET", 1)
    assert len(storage.storage) == len(storage.expirations) == 1
    at(2 * 60 + SWEEP_EVERY)
    await statuses(client("ben"), "GET", 1)
    assert len(storage.storage) == len(storage.expirations) == 1


async def test_probes_are_never_limited(settings):
    app = create_app(settings)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://chairtime") as probe:
        assert {(await probe.get("/livez")).status_code for _ in range(20)} == {200}


def test_limits_are_on_in_production_and_off_in_development_unless_said_otherwise():
    def limited(**given: object) -> bool:
        return Settings(**given, _env_file=None).limited

    assert limited()
    assert not limited(rate_limits="off")
    assert not limited(environment="development")
    assert limited(environment="development", rate_limits="on")


def test_only_trusted_proxies_are_believed_and_never_everybody(app, settings):
    assert server_config(app, settings).app is app
    behind = Settings(trusted_proxies="10.0.0.0/8, 127.0.0.1", _env_file=None)
    assert isinstance(server_config(app, behind).app, Forwarded)
    for wrong in ("*", "10.0.0.0/8,*", "proxy.example"):
        with pytest.raises(ValueError, match="trusted_proxies"):
            Settings(trusted_proxies=wrong, _env_file=None)
