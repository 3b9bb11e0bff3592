"""`chairtime mcp`: the tools over standard input and output, from an API."""

import asyncio
import sys

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from api.auth import development
from api.chatbot.tools import TOOLS
from settings import CHECKOUT
from tests.mcp.conversation import CHECKUP, agreed, of_ben, refused, told
from tests.support import HANG


def stdio(url: str, token: str) -> StdioServerParameters:
    """The command as a program starts it."""
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "cli", "mcp"],
        env={"CHAIRTIME_URL": url, "CHAIRTIME_TOKEN": token},
        cwd=CHECKOUT,
    )


async def test_a_conversation_over_stdio(api, settings, era):
    token = development.token(settings, "agent")
    async with Client(stdio(api.url, token), mode=era) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == list(TOOLS)
        assert [tool.input_schema for tool in tools] == [tool.schema for tool in TOOLS.values()]
        assert (await told(client, "find_slots", **CHECKUP))["slots"]
        hold = await told(client, "hold_slot", **of_ben())
        assert (await told(client, "confirm_booking", **agreed(hold)))["status"] == "booked"
        assert (await refused(client, "hold_slot", **of_ben(conversation_id="b")))["alternatives"]
        [content] = (await client.read_resource(f"booking://{hold['booking_id']}")).contents
        assert '"booked"' in content.text


async def test_without_an_api_a_call_is_a_refusal_that_can_be_repeated(api, settings):
    async with Client(stdio(api.url, development.token(settings, "patient"))) as client:
        await api.stop()
        refusal = await refused(client, "find_slots", **CHECKUP)
        assert (refusal["code"], refusal["status"]) == ("unavailable", 503)
        assert refusal["say"]


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "set CHAIRTIME_URL"),
        ({"CHAIRTIME_URL": "127.0.0.1"}, "CHAIRTIME_URL must be"),
        ({"CHAIRTIME_URL": "API"}, "set CHAIRTIME_TOKEN"),
        ({"CHAIRTIME_URL": "API", "CHAIRTIME_TOKEN": "x.y.z"}, "CHAIRTIME_TOKEN is invalid"),
        ({"CHAIRTIME_URL": "http://127.0.0.1:1", "CHAIRTIME_TOKEN": "x"}, "cannot be reached"),
    ],
)
async def test_what_is_missing_or_refused_is_said_on_stderr(api, environment, why):
    given = {name: api.url if value == "API" else value for name, value in environment.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "mcp"),
        env={"PATH": "/usr/bin:/bin", **given},
        cwd=CHECKOUT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(HANG):
        out, error = await process.communicate()
    assert process.returncode == 1
    assert out == b""
    assert error.decode().startswith("chairtime mcp: ")
    assert why in error.decode()
    assert "Traceback" not in error.decode()
