"""An agent loop without a network: a scripted model that calls the tools through its framework."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastmcp.client import Client
from fastmcp.client.transports import StreamableHttpTransport
from pydantic_ai import Agent, models
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from tests.mcp.conversation import CHECKUP, TALK, expire
from tests.support import BEN

CHOICE = ("dentist_id", "starts_at", "appointment_type")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", False)


class Script:
    """A model that finds, holds, is told that the hold expired, takes an alternative, and books."""

    def __init__(self, pool) -> None:
        self.pool = pool
        self.calls: list[str] = []
        self.documents: list[dict] = []

    async def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        assert {"find_slots", "hold_slot", "confirm_booking"} <= {
            tool.name for tool in info.function_tools
        }
        if self.calls:
            self.documents.append(_last(messages))
        match self.calls:
            case []:
                return self._call("find_slots", CHECKUP)
            case [*_, "find_slots"]:
                return self._hold(self.documents[-1]["slots"][0])
            case ["find_slots", "hold_slot"]:
                hold = self.documents[-1]
                await expire(self.pool, hold["booking_id"])  # the person thought for too long
                return self._confirm(hold)
            case [*_, "hold_slot", "confirm_booking"] if not self.documents[-1]["ok"]:
                assert self.documents[-1]["code"] == "hold_expired"
                return self._hold(self.documents[-1]["alternatives"][0])
            case [*_, "hold_slot"]:
                return self._confirm(self.documents[-1])
            case _:
                return ModelResponse(parts=[TextPart(self.documents[-1]["say"])])

    def _hold(self, slot: dict) -> ModelResponse:
        chosen = {name: slot[name] for name in CHOICE}
        return self._call("hold_slot", chosen | TALK | {"patient_id": str(BEN)})

    def _confirm(self, hold: dict) -> ModelResponse:
        names = ("booking_id", "hold_token", "read_back_hash")
        return self._call("confirm_booking", {name: hold[name] for name in names})

    def _call(self, name: str, arguments: dict) -> ModelResponse:
        self.calls.append(name)
        return ModelResponse(parts=[ToolCallPart(name, arguments)])


def _last(messages: list[ModelMessage]) -> dict:
    """The document of the last tool result, or in the text of a refused call."""
    content = messages[-1].parts[-1].content
    return content if isinstance(content, dict) else json.loads(content)


@asynccontextmanager
async def toolset(caller) -> AsyncIterator[MCPToolset]:
    transport = StreamableHttpTransport(f"{caller.url}/mcp", headers=caller.headers("agent"))
    async with MCPToolset(Client(transport)) as found:
        yield found


async def test_an_agent_that_is_told_its_hold_expired_recovers_in_one_turn(caller, pool):
    script = Script(pool)
    async with toolset(caller) as tools:
        agent = Agent(FunctionModel(script), toolsets=[tools])
        said = (await agent.run("A checkup for Ben, please")).output
    assert script.calls == [
        "find_slots",
        "hold_slot",
        "confirm_booking",
        "hold_slot",
        "confirm_booking",
    ]
    assert script.documents[-1]["status"] == "booked"
    assert said == script.documents[-1]["say"]
    rows = await pool.fetch("select status from appointments order by created_at")
    assert [row["status"] for row in rows] == ["expired", "booked"]
