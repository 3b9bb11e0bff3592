"""What browsers are told about an answer, and which pages may have it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.responses import Response, StreamingResponse

from api.app import create_app
from api.http import errors
from api.http.cors import ALLOWED, EXPOSED
from api.http.middleware import install
from settings import Settings

PAGE = "https://app.example"


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    install(app, [PAGE])
    errors.install(app)

    @app.get("/api/thing")
    async def thing() -> Response:
        return Response("{}", headers={"ETag": '"1"'})

    @app.get("/api/cached")
    async def cached() -> Response:
        return Response("", headers={"Cache-Control": "max-age=60"})

    @app.get("/api/crash")
    async def crash() -> None:
        raise ZeroDivisionError("secret of the driver")

    @app.get("/api/broken-stream")
    async def broken_stream() -> StreamingResponse:
        async def frames() -> AsyncIterator[bytes]:
            yield b"first"
            raise ZeroDivisionError

        return StreamingResponse(frames())

    @app.get("/api/stream")
    async def stream() -> StreamingResponse:
        async def frames() -> AsyncIterator[bytes]:
            for n in range(3):
                yield b"%d" % n

        return StreamingResponse(frames(), media_type="text/event-stream")

    return app


def client(app: FastAPI, base: str = "http://chairtime", **headers: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=base, headers=headers)


@pytest.mark.parametrize("path", ["/api/thing", "/api/nowhere", "/api/crash", "/api/stream", "/"])
async def test_every_response_has_security_headers(app, path):
    headers = (await client(app).get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]
    assert ("no-store" in headers.get("Cache-Control", "")) is path.startswith("/api/")
    assert headers["X-Request-ID"]
    assert "Strict-Transport-Security" not in headers


async def test_hsts_is_sent_over_https(app):
    answer = await client(app, "https://chairtime").get("/api/thing")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_headers_set_by_a_route_are_kept(app):
    answer = await client(app).get("/api/cached")
    assert answer.headers.get_list("Cache-Control") == ["max-age=60"]


async def test_a_crash_is_a_problem_that_says_nothing_of_its_cause(app):
    answer = await client(app, Origin=PAGE).get("/api/crash")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "secret" not in answer.text


async def test_crash_after_response_start_cuts_the_connection(app):
    """It is left incomplete, so that the server closes the connection."""
    sent = await messages(app, "/api/broken-stream")
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (sent[1]["body"], sent[1]["more_body"]) == (b"first", True)


async def test_a_stream_goes_through_piece_by_piece(app):
    sent = await messages(app, "/api/stream")
    assert [message.get("body") for message in sent] == [None, b"0", b"1", b"2", b""]


async def messages(app, path: str) -> list[dict[str, object]]:
    """What the application sends for a GET."""
    sent = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "scheme": "http",
    }
    await app(scope, receive, send)
    return sent


async def test_a_listed_page_may_call_with_our_headers_and_read_them(app):
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": ", ".join(ALLOWED).lower(),
    }
    preflight = await client(app, **asked).options("/api/thing")
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == PAGE
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    answer = await client(app, Origin=PAGE).get("/api/thing")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Vary"] == "Origin"
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == set(EXPOSED)
    for given in (preflight, answer):
        assert "Access-Control-Allow-Credentials" not in given.headers


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://app.example.evil.example",
        "https://evil-app.example",
        "http://app.example",
        "https://app.example:8443",
        "HTTPS://APP.EXAMPLE",
        "*",
    ],
)
async def test_unlisted_origin_gets_no_cors_headers(app, origin):
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    preflight = await client(app, **asked).options("/api/thing")
    answer = await client(app, Origin=origin).get("/api/thing")
    assert preflight.status_code == 400
    for given in (preflight, answer):
        assert "Access-Control-Allow-Origin" not in given.headers


async def test_preflight_with_unknown_method_or_header_is_refused(app):
    for asked in (
        {"Access-Control-Request-Method": "PATCH"},
        {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "Cookie"},
    ):
        assert (await client(app, Origin=PAGE, **asked).options("/api/thing")).status_code == 400


@pytest.mark.parametrize(
    "origins", ["*", "null", "https://app.example/", "app.example", "https://*.example", "file://"]
)
def test_inexact_cors_origin_is_refused_in_settings(origins):
    with pytest.raises(ValueError, match="cors_origins"):
        Settings(cors_origins=origins, _env_file=None)


async def test_the_apps_own_pages_load_only_from_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CORS_ORIGINS", "https://app.example, http://localhost:5173")
    settings = Settings(environment="development", chairtime_home=tmp_path, _env_file=None)
    assert settings.cors_origins == (PAGE, "http://localhost:5173")
    app = create_app(settings)
    docs = await client(app).get("/docs")
    assert docs.headers["Content-Security-Policy"].startswith(
        "default-src 'self'; script-src 'self'"
    )
    alive = await client(app, Origin="http://localhost:5173").get("/livez")
    assert alive.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
