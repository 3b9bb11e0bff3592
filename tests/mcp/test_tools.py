"""The verbs as tools, over HTTP with the official client of both protocol versions."""

import json

import pytest
from mcp.shared.exceptions import MCPError

from api.auth import development
from api.chatbot.tools import TOOLS
from mcp_server.stdio import RestDoor
from tests.mcp.conversation import CHECKUP, agreed, of_ben, refused, told
from tests.support import ANA, BEN, monday, overdue

PERSONAL = "Ben Walker, +49 30 1234"
VERSIONS = {"auto": "2026-07-28", "legacy": "2025-11-25"}


async def test_a_conversation_finds_holds_confirms_moves_and_cancels(caller, era):
    async with caller.connected("agent", mode=era) as client:
        assert client.protocol_version == VERSIONS[era]
        found = await told(client, "find_slots", **CHECKUP, date=monday(9).date().isoformat())
        assert found["slots"]
        hold = await told(client, "hold_slot", **of_ben())
        assert 0 < hold["expires_in_seconds"] <= 300
        assert (await told(client, "hold_slot", **of_ben()))["booking_id"] == hold["booking_id"]
        assert (await told(client, "confirm_booking", **agreed(hold)))["status"] == "booked"
        token = {name: hold[name] for name in ("booking_id", "hold_token")}
        later = monday(14).isoformat()
        moved = await told(client, "reschedule_booking", **token, starts_at=later)
        seen = await told(client, "get_booking", booking_id=hold["booking_id"])
        assert seen["version"] == moved["version"]
        assert (await told(client, "cancel_booking", **token))["status"] == "cancelled"


async def test_tools_have_the_schemas_of_the_verbs_and_hints(caller, era):
    async with caller.connected("patient", mode=era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "written_by_person" in client.instructions
    assert list(tools) == list(TOOLS)
    for name, verb in TOOLS.items():
        assert tools[name].input_schema == verb.schema
        assert tools[name].description == verb.description
        hints = tools[name].annotations
        assert hints.read_only_hint == (name in ("find_slots", "get_booking"))
        assert hints.destructive_hint == (name == "cancel_booking")
        assert hints.idempotent_hint is True
        assert hints.open_world_hint is False


async def test_a_refusal_is_a_tool_result_with_code_and_alternatives(caller, pool, era):
    async with caller.connected("agent", mode=era) as client:
        hold = await told(client, "hold_slot", **of_ben())
        await overdue(pool, hold["booking_id"])
        result = await client.call_tool("confirm_booking", agreed(hold))
    assert result.is_error
    assert result.structured_content["code"] == "hold_expired"
    assert len(result.structured_content["alternatives"]) == 3
    assert json.loads(result.content[0].text) == result.structured_content


async def test_holds_of_all_doors_count_for_the_limit_of_a_conversation(
    api, caller, settings, monkeypatch
):
    monkeypatch.setitem(api.app.state.app_state.settings.__dict__, "conversation_holds", 1)
    async with RestDoor(api.url, development.token(settings, "agent")) as stdio:
        assert (await stdio.answer("hold_slot", of_ben()))["ok"]
        async with caller.connected("agent") as client:
            refusals = [
                await refused(client, "hold_slot", **of_ben(11)),
                await stdio.answer("hold_slot", of_ben(14)),
            ]
    assert [each["code"] for each in refusals] == ["conversation_quota"] * 2


async def test_an_unknown_tool_is_an_error_that_names_the_tools(caller, era):
    async with caller.connected("patient", mode=era) as client:
        with pytest.raises(MCPError, match="find_slots"):
            await client.call_tool("book", {})


async def test_a_booking_is_a_resource_to_those_who_may_see_it(caller, era):
    async with caller.connected("agent", mode=era) as client:
        hold = await told(client, "hold_slot", **of_ben())
        uri = f"booking://{hold['booking_id']}"
        [template] = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "booking://{booking_id}"
        [content] = (await client.read_resource(uri)).contents
        seen = json.loads(content.text)
        assert (content.mime_type, seen["status"]) == ("application/json", "held")
        assert "hold_token" not in seen


async def test_another_persons_booking_is_a_missing_resource(caller, era):
    async with caller.connected("agent") as client:
        hold = await told(client, "hold_slot", **of_ben())
    async with caller.connected("patient", "ana", mode=era) as client:
        errors = []
        for id in (hold["booking_id"], str(ANA)):
            with pytest.raises(MCPError) as raised:
                await client.read_resource(f"booking://{id}")
            told_ = raised.value.error.model_dump()
            del told_["data"]["request_id"], told_["data"]["uri"]
            errors.append(told_)
        assert errors[0] == errors[1]
        assert errors[0]["data"]["code"] == "not_found"
        for uri in ("booking://", "booking://7", f"http://{BEN}", f"booking://{BEN}/notes"):
            with pytest.raises(MCPError):
                await client.read_resource(uri)
        refusal = await refused(client, "get_booking", booking_id=hold["booking_id"])
        assert refusal["code"] == "not_found"


async def test_a_bug_is_logged_under_its_request_id_without_personal_data(
    caller, monkeypatch, caplog, era
):
    async def fails(*_):
        raise RuntimeError(PERSONAL)

    monkeypatch.setattr("api.mcp.exchange.answer", fails)
    async with caller.connected("patient", mode=era) as client:
        with pytest.raises(MCPError) as raised:
            await client.call_tool("find_slots", CHECKUP)
    assert PERSONAL not in str(raised.value.error)
    [logged] = [each.getMessage() for each in caplog.records if "failed" in each.getMessage()]
    assert raised.value.error.data["request_id"] in logged
    assert "RuntimeError" in logged
    assert PERSONAL not in caplog.text
