"""Odd JSON is refused at each door with a reason, and never acted on."""

import json

import httpx2
import pytest

from api.auth import development
from mcp_server.stdio import RestDoor
from tests.mcp.client import PING, post
from tests.security.wire import Answer, request, wire

JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

AMBIGUOUS = [
    '{"appointment_type": "checkup", "appointment_type": "cleaning"}',
    '{"appointment_type": "checkup", "days": NaN}',
    '{"appointment_type": "checkup", "days": -Infinity}',
    '{"appointment_type": "checkup", "weekdays": [{"a": 1, "a": 2}]}',
]
UNREADABLE = [
    '{"appointment_type": "\\ud800"}',
    '{"appointment_type": "checkup"',
    '{"appointment_type": ' + "[" * 9000 + "]" * 9000 + "}",
    '{"days": ' + "9" * 5000 + "}",
]
NO_OBJECT = ["[]", '"checkup"', "1", "true"]


@pytest.fixture
async def http(api, caller):
    async with httpx2.AsyncClient(
        base_url=api.url, headers=caller.headers("agent", "chatbot") | JSON
    ) as http:
        yield http


def call(arguments: str, verb: str = "find_slots") -> str:
    params = f'{{"name": "{verb}", "arguments": {arguments}}}'
    return f'{{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {params}}}'


@pytest.mark.parametrize("arguments", AMBIGUOUS)
async def test_duplicate_names_and_nan_get_the_same_refusal_over_rest_and_mcp(http, arguments):
    rest = await http.post("/api/chatbot/find_slots", content=arguments)
    mcp = await http.post("/mcp", content=call(arguments))
    assert (rest.status_code, mcp.status_code) == (422, 422)
    assert mcp.json()["code"] == "validation_failed"
    assert mcp.json()["errors"] == rest.json()["errors"]


@pytest.mark.parametrize("arguments", UNREADABLE)
async def test_unreadable_json_is_refused_by_both_doors(http, arguments):
    rest = await http.post("/api/chatbot/find_slots", content=arguments)
    mcp = await http.post("/mcp", content=call(arguments))
    assert rest.json()["code"] == "validation_failed"
    assert mcp.status_code == 400
    assert mcp.json()["error"]["code"] == -32700


@pytest.mark.parametrize("arguments", NO_OBJECT)
async def test_arguments_that_are_no_object_are_refused_in_plain_words(http, arguments):
    rest = await http.post("/api/chatbot/find_slots", content=arguments)
    assert rest.status_code == 422
    [fault] = rest.json()["errors"]
    assert (fault["code"], fault["message"]) == ("wrong_type", "must be a JSON object")
    assert "error" in (await http.post("/mcp", content=call(arguments))).json()


@pytest.mark.parametrize("verb", ["confirm_booking", "cancel_booking", "reschedule_booking"])
@pytest.mark.parametrize("token", ["\\u0000", "a\\u0000", "\\u202e", "\\n"])
async def test_a_hold_token_with_control_characters_is_refused_equally(http, verb, token):
    fields = ['"booking_id": "01a22332-11dc-7086-8e30-07053d700382"', f'"hold_token": "{token}"']
    if verb == "confirm_booking":
        fields.append('"read_back_hash": "x"')
    if verb == "reschedule_booking":
        fields.append('"starts_at": "2027-03-08T09:00:00+01:00"')
    arguments = "{" + ", ".join(fields) + "}"
    rest = (await http.post(f"/api/chatbot/{verb}", content=arguments)).json()
    answer = (await http.post("/mcp", content=call(arguments, verb))).json()
    mcp = answer["result"]["structuredContent"]
    assert rest["code"] == mcp["code"] == "validation_failed"
    assert rest["errors"] == mcp["errors"]
    assert rest["errors"][0]["field"] == "hold_token"


@pytest.mark.parametrize("days", [float("nan"), float("inf")])
async def test_a_number_that_is_none_is_refused_over_stdio(api, settings, days):
    async with RestDoor(api.url, development.token(settings, "agent")) as door:
        refusal = await door.answer("find_slots", {"appointment_type": "checkup", "days": days})
    assert (refusal["ok"], refusal["code"]) == (False, "validation_failed")
    assert refusal["say"]


async def test_spaces_around_a_header_do_not_count(api, caller):
    meta = {"protocolVersion": "2026-07-28", "clientCapabilities": {}}
    params = {"_meta": {f"io.modelcontextprotocol/{name}": each for name, each in meta.items()}}
    params |= {"name": "find_slots", "arguments": {"appointment_type": "checkup"}}
    body = json.dumps(PING | {"method": "tools/call", "params": params}).encode()
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call\t"}
    headers |= {"Mcp-Name": "  find_slots  "}
    answer = await sent(api, body, **caller.headers("patient"), **headers)
    assert answer.status == 200
    assert json.loads(answer.body)["result"]["structuredContent"]["ok"]


async def test_a_body_that_is_too_large_or_compressed_is_refused(api, caller):
    bearer = caller.headers("patient")
    chunk = b"11170\r\n" + b" " * 70_000
    assert (await sent(api, chunk, **bearer)).code == "payload_too_large"
    chunked = {"Transfer-Encoding": "chunked", "Content-Length": None}
    assert (await sent(api, chunk, **bearer, **chunked)).code == "payload_too_large"
    packed = await sent(api, b"{}", **bearer, **{"Content-Encoding": "gzip"})
    assert packed.code == "unsupported_media_type"


async def sent(api, body: bytes, **headers: str | None) -> Answer:
    """The answer to these bytes."""
    headers = JSON | {"Content-Length": str(len(body))} | headers
    given = {name: value for name, value in headers.items() if value is not None}
    data = request("POST", "/mcp", body, **given).replace(b"Host: chairtime", b"Host: localhost")
    async with wire(api.port) as raw:
        raw.send(data)
        answer = await raw.answer()
    assert answer is not None
    return answer


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://a]b", "//", "", "x"])
async def test_an_origin_that_is_no_origin_is_refused(api, caller, origin):
    answer = await post(api.url, caller.headers("patient") | {"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.test"])
async def test_metadata_never_names_a_host_that_the_request_made_up(api, host):
    async with httpx2.AsyncClient(base_url=api.url) as http:
        path = "/.well-known/oauth-protected-resource/mcp"
        spoofed = await http.get(path, headers={"Host": host})
        assert spoofed.status_code == 403
        assert host not in spoofed.text
        forwarded = {"X-Forwarded-Host": host, "X-Forwarded-Proto": "https"}
        told = await http.get(path, headers=forwarded)
        assert told.json()["resource"] == f"{api.url}/mcp"
