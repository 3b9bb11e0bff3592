"""`chairtime api` ends within five seconds of Ctrl-C, whatever clients of /mcp wait for; and after
a kill any other process goes on.
"""

import asyncio
import os
import signal

import httpx2
import pytest

from db.pool import Pool
from embedded import ports
from tests.acceptance.premises import Part
from tests.mcp.client import Caller, call, post
from tests.mcp.conversation import agreed, expire, of_ben, told
from tests.realtime.listening import until
from tests.realtime.processes import process, running
from tests.support import HANG


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
async def test_an_open_stream_and_a_waiting_call_do_not_delay_the_end(settings, sent):
    one = process(settings, "one")
    async with running(one):
        caller = Caller(settings, one.url)
        async with caller.connected("agent") as client, asyncio.timeout(HANG):
            hold = await told(client, "hold_slot", **of_ben())
            uri = f"booking://{hold['booking_id']}"
            async with client.listen(resource_subscriptions=[uri]) as updates:
                asked = {"booking_id": hold["booking_id"], "wait_seconds": 25}
                waiting = asyncio.create_task(
                    post(one.url, caller.headers("agent"), call("get_booking", asked))
                )
                await _streams_are(one, 2)
                os.kill(one.process.pid, sent)
                async for _ in updates:
                    pass  # the event of the hold may arrive after the subscription
                await until(lambda: not one.running)
                answer = await waiting
    assert answer.json()["result"]["structuredContent"]["status"] == "held"


async def test_a_conversation_goes_on_at_another_process_after_the_first_was_killed(
    settings, pool: Pool, era
):
    parts = [process(settings, name) for name in ("one", "two")]
    async with running(*parts):
        first, second = [Caller(settings, part.url) for part in parts]
        async with (
            first.connected("agent", mode=era) as one,
            second.connected("agent", mode=era) as two,
        ):
            hold = await told(one, "hold_slot", **of_ben())
            again = await told(two, "hold_slot", **of_ben())
            assert again["hold_token"] == hold["hold_token"]
            asked = call("get_booking", {"booking_id": hold["booking_id"], "wait_seconds": 25})
            waiting = asyncio.create_task(post(parts[0].url, first.headers("agent"), asked))
            await _streams_are(parts[0], 1)
            parts[0].kill()
            with pytest.raises(httpx2.TransportError):
                await waiting
            again = await told(two, "hold_slot", **of_ben())
            assert again["hold_token"] == hold["hold_token"]
            assert (await told(two, "confirm_booking", **agreed(hold)))["status"] == "booked"
        async with second.connected("agent") as listener, asyncio.timeout(HANG):
            other = await told(listener, "hold_slot", **of_ben(11))
            uri = f"booking://{other['booking_id']}"
            async with listener.listen(resource_subscriptions=[uri]) as updates:
                await expire(pool, other["booking_id"])
                assert (await anext(updates)).uri == uri


async def _streams_are(part: Part, count: int) -> None:
    """Returns when that many clients listen or wait."""
    async with httpx2.AsyncClient(base_url=f"http://{ports.HOST}:{part.metrics_port}") as http:
        while f"chairtime_streams_open {count}.0" not in (await http.get("/metrics")).text:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
