"""API processes die, end and come back while bookings come and go: each reader is told all that is
due, in order, and nothing else.
"""

import asyncio
import time

from tests.realtime.balancer import Balancer
from tests.support import HANG


async def test_streams_stay_open_without_faults(drill, pair):
    async with drill.watched(*(part.url for part in pair)):
        async with drill.load.running() as load:
            await load.goes_on(60)
        await drill.settles()
    assert drill.connections == {1}


async def test_killed_api_process_loses_no_event(drill, pair):
    leader, other = pair
    async with Balancer(leader.port, other.port) as way, drill.watched(way.url):
        async with drill.load.running() as load:
            await load.goes_on()
            other.kill()
            await load.goes_on()
            await other.start()
            await load.goes_on()
        await drill.settles()
    assert max(drill.connections) > 1


async def test_killed_relay_process_loses_no_event(drill, pair, leader):
    relaying, other = pair
    async with Balancer(relaying.port, other.port) as way, drill.watched(way.url):
        async with drill.load.running() as load:
            await load.goes_on()
            relaying.kill()
            killed = time.monotonic()
            assert await leader(other) is other
            assert time.monotonic() - killed < HANG
            await load.goes_on()
        await drill.settles()


async def test_rolling_restart_loses_no_event(drill, pair):
    """A rolling restart: each is asked to end, says `bye`, and comes back."""
    async with Balancer(*(part.port for part in pair)) as way, drill.watched(way.url):
        async with drill.load.running() as load:
            for part in pair:
                await load.goes_on()
                await asyncio.to_thread(part.stop)
                await load.goes_on()
                await part.start()
            await load.goes_on()
        await drill.settles()
    assert min(drill.connections) > 1
