"""Clients of the protocol of 2026 that listen learn at once that a booking changed."""

import asyncio

import pytest
from mcp.client.subscriptions import ListenNotSupportedError
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import METHOD_NOT_FOUND

from db import grants
from db.demo import person_id
from tests.mcp.client import PING, post
from tests.mcp.conversation import agreed, expire, of_ben, slot, told
from tests.realtime.listening import settled, until
from tests.realtime.server import serving
from tests.support import ANA, BEN, HANG


def uri(hold: dict) -> str:
    return f"booking://{hold['booking_id']}"


async def test_a_client_that_listens_is_told_that_the_hold_expired(api, caller, pool):
    async with caller.connected("agent") as client:
        hold = await told(client, "hold_slot", **of_ben())
        async with (
            asyncio.timeout(HANG),
            client.listen(resource_subscriptions=[uri(hold)]) as updates,
        ):
            assert updates.honored.resource_subscriptions == [uri(hold)]
            await expire(pool, hold["booking_id"])
            assert await anext(updates) == ResourceUpdated(uri(hold))
            seen = await told(client, "get_booking", booking_id=hold["booking_id"])
            assert seen["status"] == "expired"


async def test_only_what_the_caller_may_see_is_told(api, caller, pool):
    async with caller.connected("agent") as agent, caller.connected("patient", "ana") as ana:
        foreign = await told(agent, "hold_slot", **of_ben())
        own = await told(ana, "hold_slot", **of_ben(11) | {"patient_id": str(ANA)})
        watched = [uri(foreign), uri(own), f"booking://{BEN}", "file:///etc/passwd"]
        async with asyncio.timeout(HANG), ana.listen(resource_subscriptions=watched) as updates:
            assert updates.honored.resource_subscriptions == watched[:3]
            await told(agent, "confirm_booking", **agreed(foreign))
            await settled(pool, api.hub)
            await told(ana, "confirm_booking", **agreed(own))
            assert await anext(updates) == ResourceUpdated(uri(own))


async def test_an_agent_whose_grant_is_revoked_is_told_no_more(api, caller, pool):
    chatbot = person_id("agent", "chatbot")
    async with pool.acquire() as connection:
        await grants.give(connection, ANA, chatbot)
    async with caller.connected("agent") as agent:
        hold = await told(agent, "hold_slot", **slot(patient_id=str(ANA)))
        watched = [uri(hold)]
        await settled(pool, api.hub)  # the event of the hold
        async with asyncio.timeout(HANG), agent.listen(resource_subscriptions=watched) as updates:
            async with pool.acquire() as connection:
                await grants.take_back(connection, ANA, chatbot)
            await expire(pool, hold["booking_id"])
            await settled(pool, api.hub)
            await api.stop()
            assert [each async for each in updates] == []


async def test_clients_of_the_older_protocol_are_not_offered_to_listen(caller):
    async with caller.connected("patient", mode="legacy") as client:
        assert client.server_capabilities.resources.subscribe is False
        with pytest.raises(ListenNotSupportedError):
            async with client.listen(resource_subscriptions=[f"booking://{BEN}"]):
                pass


@pytest.mark.parametrize("method", ["resources/subscribe", "resources/unsubscribe"])
async def test_who_subscribes_by_the_older_protocol_is_told_what_to_do_instead(api, caller, method):
    body = PING | {"method": method, "params": {"uri": f"booking://{BEN}"}}
    error = (await post(api.url, caller.headers("patient"), body)).json()["error"]
    assert error["code"] == METHOD_NOT_FOUND
    assert "get_booking with wait_seconds" in error["message"]


async def test_listening_ends_with_the_token(api, caller, monkeypatch, streams_outlive_tokens):
    async with caller.connected("patient") as client, asyncio.timeout(HANG):
        async with client.listen(resource_subscriptions=[f"booking://{BEN}"]) as updates:
            assert [each async for each in updates] == []


@pytest.mark.parametrize("lost", ["active = false", "role = 'agent'"])
async def test_listening_ends_when_the_caller_loses_access(api, caller, pool, lost):
    async with caller.connected("patient", "ana") as client, asyncio.timeout(HANG):
        async with client.listen(resource_subscriptions=[f"booking://{BEN}"]) as updates:
            await pool.execute(f"update profiles set {lost} where id = $1", ANA)
            api.app.state.app_state.relay.wake()
            assert [each async for each in updates] == []


async def test_a_client_that_leaves_listens_no_more(api, caller):
    async with caller.connected("patient") as client:
        async with client.listen(resource_subscriptions=[f"booking://{BEN}"]):
            assert api.hub.health.streams == 1
        await until(lambda: api.hub.health.streams == 0)


async def test_listening_counts_as_an_open_stream(settings, caller, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    limited = settings.model_copy(update={"rate_limits": True, "streams_per_caller": 1})
    async with serving(limited) as api:
        caller.url = api.url
        async with caller.connected("patient") as client:
            async with client.listen(resource_subscriptions=[f"booking://{BEN}"]):
                with pytest.raises(Exception, match="open streams"):
                    async with client.listen(resource_subscriptions=[f"booking://{ANA}"]):
                        pass


async def test_too_many_bookings_in_one_request_are_refused(caller):
    many = [f"booking://{BEN}"[:-2] + f"{n:02x}" for n in range(51)]
    async with caller.connected("patient") as client:
        with pytest.raises(Exception, match="at most 50"):
            async with client.listen(resource_subscriptions=many):
                pass
