"""`get_booking` with `wait_seconds`: answers when something changes, ends with its client."""

import asyncio
from uuid import UUID

import pytest

from db.pool import use
from domain.booking import Verb
from tests.api.asgi import scope
from tests.api.test_chatbot import agreed, of_ben, refused, told
from tests.support import BEN, HANG, change, overdue, rewrite


@pytest.fixture
def agent(as_):
    return as_("agent")


@pytest.fixture
async def hold(api, agent):
    return await told(api, agent, "hold_slot", **of_ben())


def streams(api):
    return api._transport.app.state.app_state.hub.streams


async def until(condition) -> None:
    async with asyncio.timeout(HANG):
        while not condition():  # noqa: ASYNC110 - it has no event of its own
            await asyncio.sleep(0)


async def waiting(api, agent, **arguments):
    """A look-up that has begun to wait."""
    task = asyncio.create_task(told(api, agent, "get_booking", wait_seconds=25, **arguments))
    await until(lambda: len(streams(api)) or task.done())
    return task


async def test_a_change_is_answered_at_once(api, agent, hold):
    task = await waiting(api, agent, booking_id=hold["booking_id"])
    await told(api, agent, "confirm_booking", **agreed(hold))
    seen = await task
    assert (seen["status"], seen["version"]) == ("booked", 2)
    assert not len(streams(api))


async def test_a_change_by_another_process_is_answered_at_once(api, agent, hold, pool):
    task = await waiting(api, agent, booking_id=hold["booking_id"])
    await change(pool, UUID(hold["booking_id"]), Verb.CANCEL)
    assert (await task)["status"] == "cancelled"


async def test_expiry_is_answered_at_the_deadline(api, agent, hold, pool):
    await rewrite(
        pool,
        "update appointments set hold_expires_at = clock_timestamp() + interval '1 second'",
    )
    seen = await told(api, agent, "get_booking", wait_seconds=25, booking_id=hold["booking_id"])
    assert seen["status"] == "expired"


async def test_a_known_older_version_is_answered_without_waiting(api, agent, hold):
    await told(api, agent, "confirm_booking", **agreed(hold))
    asked = {"booking_id": hold["booking_id"], "known_version": 1, "wait_seconds": 25}
    seen = await told(api, agent, "get_booking", **asked)
    assert seen["version"] == 2


async def test_a_booking_that_has_ended_is_answered_without_waiting(api, agent, hold, pool):
    await overdue(pool, hold["booking_id"])
    seen = await told(api, agent, "get_booking", booking_id=hold["booking_id"], wait_seconds=25)
    assert seen["status"] == "expired"


async def test_without_a_change_the_present_state_is_answered(api, agent, hold):
    seen = await told(api, agent, "get_booking", booking_id=hold["booking_id"], wait_seconds=1)
    assert seen["status"] == "held"
    assert seen["expires_in_seconds"] <= 299


async def test_shutdown_ends_the_wait_with_an_answer(api, agent, hold):
    task = await waiting(api, agent, booking_id=hold["booking_id"])
    await api._transport.app.state.app_state.hub.close()
    assert (await task)["status"] == "held"


async def test_the_wait_holds_no_connection(api, agent, hold):
    pool = api._transport.app.state.app_state.pool
    task = await waiting(api, agent, booking_id=hold["booking_id"])
    await until(lambda: pool.get_idle_size() == pool.get_size())
    async with use(pool) as connection:
        await connection.fetchval("select 1")
    assert not task.done()
    task.cancel()


async def test_a_client_that_disconnects_ends_the_wait(api, agent, hold):
    body = {"booking_id": hold["booking_id"], "wait_seconds": 25}
    request = api.build_request("POST", "/api/chatbot/get_booking", json=body, headers=agent)
    sent = [{"type": "http.request", "body": request.content, "more_body": False}]
    gone = asyncio.Event()

    async def receive():
        if sent:
            return sent.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        pass

    task = asyncio.create_task(api._transport.app(scope(request), receive, send))
    await until(lambda: len(streams(api)))
    gone.set()
    await task
    assert not len(streams(api))


async def test_a_revoked_agent_gets_nothing_from_a_wait(api, as_, agent, hold, pool):
    task = asyncio.create_task(
        refused(api, agent, "get_booking", booking_id=hold["booking_id"], wait_seconds=25)
    )
    await until(lambda: len(streams(api)) or task.done())
    await rewrite(pool, "update profiles set created_by = null where id = $1", BEN)
    await change(pool, UUID(hold["booking_id"]), Verb.CANCEL)
    assert (await task)["code"] == "not_found"


@pytest.mark.parametrize("lost", ["active = false", "role = 'patient'"])
async def test_a_wait_is_refused_as_soon_as_the_caller_loses_access(api, agent, hold, pool, lost):
    task = asyncio.create_task(
        refused(api, agent, "get_booking", booking_id=hold["booking_id"], wait_seconds=25)
    )
    await until(lambda: len(streams(api)) or task.done())
    await pool.execute(f"update profiles set {lost} where role = 'agent'")
    api._transport.app.state.app_state.relay.wake()
    document = await task
    assert (document["status"], document["code"]) == (403, "forbidden")
    assert "booking_id" not in document


async def test_waits_count_as_streams_of_the_caller(api, agent, hold, monkeypatch):
    settings = api._transport.app.state.app_state.settings
    monkeypatch.setitem(settings.__dict__, "rate_limits", True)
    monkeypatch.setitem(settings.__dict__, "streams_per_caller", 1)
    task = await waiting(api, agent, booking_id=hold["booking_id"])
    document = await refused(
        api, agent, "get_booking", booking_id=hold["booking_id"], wait_seconds=25
    )
    assert (document["status"], document["code"]) == (429, "rate_limited")
    task.cancel()
