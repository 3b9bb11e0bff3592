"""Who may call /mcp, and what a caller without a valid token is told."""

import httpx2
import pytest
from mcp.shared.exceptions import MCPError

from api.auth import development
from tests.mcp.client import PING, Caller, post
from tests.realtime.server import serving
from tests.support import ANA

METADATA = "/.well-known/oauth-protected-resource/mcp"


@pytest.mark.parametrize("header", [None, "Bearer x.y.z", "Basic YTpi", "expired"])
async def test_without_a_valid_token_the_answer_says_where_to_get_one(api, settings, header):
    if header == "expired":
        header = f"Bearer {development.token(settings, 'patient', lifetime=-60)}"
    answer = await post(api.url, {"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert f'resource_metadata="{api.url}{METADATA}"' in challenge
    assert ('error="invalid_token"' in challenge) == (header is not None)


async def test_metadata_names_resource_and_issuer(settings, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    issuer = "https://ref.supabase.example/auth/v1"
    production = settings.model_copy(
        update={"jwt_issuer": issuer, "public_url": "https://api.example", "jwt_secret": None}
    )
    async with serving(production) as api, httpx2.AsyncClient(base_url=api.url) as http:
        told = (await http.get(METADATA, headers={"Host": "api.example"})).json()
        assert told["resource"] == "https://api.example/mcp"
        assert told["authorization_servers"] == [issuer]
        assert told["bearer_methods_supported"] == ["header"]
        refused = await http.post("/mcp", json=PING, headers={"Host": "api.example"})
        assert f'resource_metadata="https://api.example{METADATA}"' in str(refused.headers)


HOSTS = [
    ({}, 200),
    ({"Host": "localhost:8000", "Origin": "http://localhost:6274"}, 200),
    ({"Host": "[::1]:8000"}, 200),
    ({"Host": "api.example"}, 200),
    ({"Host": "API.EXAMPLE:443"}, 200),
    ({"Host": "api.example", "Origin": "https://api.example"}, 200),
    ({"Host": "api.example", "Origin": "https://app.example"}, 200),
    ({"Host": "evil.example"}, 403),
    ({"Host": "api.example.evil.example"}, 403),
    ({"Host": "localhost.evil.example"}, 403),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Host": "api.example", "Origin": "http://localhost:6274"}, 403),
    ({"Host": "api.example", "Origin": "https://api.example.evil.example"}, 403),
]
"""Headers, and the status of the answer for https://api.example with pages of app.example."""


async def test_only_known_hosts_and_origins_are_answered(settings, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    public = {"public_url": "https://api.example", "cors_origins": ("https://app.example",)}
    async with serving(settings.model_copy(update=public)) as api:
        bearer = Caller(settings, api.url).headers("patient")
        for headers, status in HOSTS:
            answer = await post(api.url, bearer | headers)
            assert answer.status_code == status, headers
            if status != 200:
                assert "must" in answer.json()["detail"]


async def test_without_a_public_url_only_this_machine_and_trusted_proxies_are_answered(
    settings, monkeypatch
):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    forwarded = {"Host": "api.example", "X-Forwarded-For": "192.0.2.1"}
    for proxies, status in [((), 403), (("127.0.0.1",), 200)]:
        async with serving(settings.model_copy(update={"trusted_proxies": proxies})) as api:
            bearer = Caller(settings, api.url).headers("patient")
            assert (await post(api.url, bearer | forwarded)).status_code == status


async def test_requests_count_against_the_limits_of_their_caller(
    settings, monkeypatch, limits_of_one_minute
):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    limited = settings.model_copy(update={"rate_limits": True, "rate_limit_writes": 3})
    async with serving(limited) as api:
        bearer = Caller(settings, api.url).headers("patient")
        answers = [await post(api.url, bearer) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].headers["retry-after"]


async def test_requests_without_a_token_count_against_their_address(
    settings, monkeypatch, limits_of_one_minute
):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    limited = settings.model_copy(update={"rate_limits": True, "rate_limit_failures": 3})
    async with serving(limited) as api:
        answers = [await post(api.url, {}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_are_no_sessions_to_open_or_end(api, caller, method):
    async with httpx2.AsyncClient(base_url=api.url) as http:
        answer = await http.request(method, "/mcp", headers=caller.headers("patient"))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_an_inactive_profile_is_refused_from_the_next_call_on(api, caller, era):
    async with caller.connected("patient", "ana", mode=era) as client:
        await client.list_resources()
        async with httpx2.AsyncClient(base_url=api.url, headers=caller.headers("admin")) as http:
            changed = await http.put(f"/api/profiles/{ANA}", json={"active": False})
            assert changed.status_code == 200
        with pytest.raises(MCPError):
            await client.read_resource(f"booking://{ANA}")
    answer = await post(api.url, caller.headers("patient", "ana"))
    assert answer.status_code == 403
