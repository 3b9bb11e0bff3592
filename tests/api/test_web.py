"""The API serves the built web app, tells it where it runs, and signs in for development only."""

import gzip
import json
from pathlib import Path

import httpx2
import pytest

from api.app import create_app
from api.http import errors
from api.web import pages
from api.web.files import read
from settings import CHECKOUT, Settings

LOCAL = "http://localhost"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = "// a script\n" * 200
SIGN_IN = ("GET", "/api/development/people"), ("POST", "/api/development/tokens")
TEXTS = CHECKOUT / "web/src/i18n"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Chairtime</title>")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "assets/index-abc123.js").write_text(SCRIPT)
    return tmp_path


@pytest.fixture
def built(api: httpx2.AsyncClient, dist: Path, settings: Settings) -> httpx2.AsyncClient:
    """The API with a built web app."""
    api._transport.app.router.default = pages.Pages(read(dist), "default-src 'self'")
    return api


@pytest.mark.parametrize("path", ["/", "/desk", "/desk/health", "/day", "/no/such/page"])
async def test_navigation_gets_the_app_and_always_a_fresh_one(built, path):
    answer = await built.get(path, headers=HTML)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<title>Chairtime" in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"
    again = await built.get(path, headers=HTML | {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/nowhere", HTML),
        ("/api", HTML),
        ("/assets/index-old.js", HTML),
        ("/docs/nowhere", HTML),
        ("/missing.png", HTML),
        ("/desk", {"Accept": "application/json"}),
        ("/", {}),
        ("/../settings.py", HTML),
    ],
)
async def test_what_is_no_page_and_no_file_is_a_problem(built, path, headers):
    answer = await built.get(path, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, errors.MEDIA_TYPE)
    assert answer.json()["code"] == "not_found"


async def test_assets_are_kept_for_ever_and_sent_compressed(built):
    answer = await built.get("/assets/index-abc123.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert (answer.headers["Content-Encoding"], answer.text) == ("gzip", SCRIPT)
    assert int(answer.headers["Content-Length"]) == len(
        gzip.compress(SCRIPT.encode(), compresslevel=9, mtime=0)
    )
    plain = await built.get("/assets/index-abc123.js", headers={"Accept-Encoding": "identity"})
    assert (plain.headers.get("Content-Encoding"), plain.text) == (None, SCRIPT)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_wrong_method_is_refused_as_before(built, method):
    assert (await built.request(method, "/desk", headers=HTML)).status_code == 404
    refused = await built.request(method, "/api/config")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


async def test_without_a_build_the_page_says_how_to_get_one(api):
    api._transport.app.router.default = pages.Pages({}, "")
    answer = await api.get("/", headers=HTML)
    assert (answer.status_code, answer.json()["detail"]) == (404, pages.NOT_BUILT)


async def test_pages_run_no_script_but_our_own(settings):
    supabase = Settings(
        jwt_issuer="https://ref.supabase.co/auth/v1", supabase_anon_key="public", _env_file=None
    )
    for each, connect in (
        (settings, ["'self'"]),
        (supabase, ["'self'", "https://ref.supabase.co"]),
    ):
        policy = dict(part.split(" ", 1) for part in pages._policy(each).split("; "))
        assert policy["script-src"] == policy["default-src"] == "'self'"
        assert policy["connect-src"].split() == connect
        assert (policy["frame-ancestors"], policy["object-src"]) == ("'none'", "'none'")


async def test_the_app_is_told_where_it_runs_without_a_token(api):
    told = (await api.get("/api/config")).json()
    assert told == {
        "environment": "development",
        "sign_in": "development",
        "supabase_url": None,
        "supabase_anon_key": None,
        "temporal_ui_url": None,
        "metrics_url": None,
    }


async def test_in_development_each_role_can_sign_in(api):
    people = (await api.get(f"{LOCAL}/api/development/people")).json()
    assert {"admin", "dentist", "patient"} <= {person["role"] for person in people}
    for person in people:
        body = {"profile_id": person["id"]}
        token = (await api.post(f"{LOCAL}/api/development/tokens", json=body)).json()
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        me = (await api.get("/api/profiles/me", headers=bearer)).json()
        assert (me["id"], me["role"]) == (person["id"], person["role"])


async def test_tokens_of_development_are_for_known_people_and_this_machine(api):
    unknown = {"profile_id": "01a20727-0000-7000-8000-000000000000"}
    assert (await api.post(f"{LOCAL}/api/development/tokens", json=unknown)).status_code == 404
    for method, path in SIGN_IN:
        rebound = await api.request(method, f"http://evil.example{path}", json=None)
        assert rebound.status_code in (403, 422)
        assert "access_token" not in rebound.text


@pytest.mark.parametrize("method_and_path", SIGN_IN)
@pytest.mark.parametrize("environment", ["production", "development"])
async def test_an_issuer_of_tokens_leaves_no_sign_in_of_development(environment, method_and_path):
    """In production always, and in development where another issuer takes its place."""
    app = create_app(
        Settings(environment=environment, jwt_issuer="https://issuer.example", _env_file=None)
    )
    method, path = method_and_path
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=LOCAL) as client:
        answer = await client.request(method, path, json={"profile_id": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_code_of_a_refusal_has_words_of_its_own(language):
    words = json.loads((TEXTS / language / "errors.json").read_text())["code"]
    assert set(words) == set(errors.STATUS)
    assert all(words.values())


@pytest.mark.parametrize("file", sorted(TEXTS.glob("en/*.json")), ids=lambda file: file.stem)
def test_english_and_german_have_the_same_texts_with_the_same_gaps(file):
    english, german = (
        dict(_texts(json.loads(each.read_text()))) for each in (file, TEXTS / "de" / file.name)
    )
    assert english.keys() == german.keys()
    for key, text in english.items():
        assert _gaps(text) == _gaps(german[key]), key
        assert text.strip(), key
        assert german[key].strip(), key


def _texts(tree: dict[str, object], path: str = ""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _texts(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", str(value)


def _gaps(text: str) -> set[str]:
    return {part.partition("}}")[0].strip() for part in text.split("{{")[1:]}
