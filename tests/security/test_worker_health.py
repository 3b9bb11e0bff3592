"""The worker's health port answers probes, whatever else is done to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from prometheus_client import REGISTRY

import worker_health
from embedded import ports
from settings import Settings
from tests.security.test_port import ENDLESS_HEADS, MUCH
from tests.security.wire import get, wire
from worker_health import MAX_PROBES, HealthPort
from workflows.runtime import SdkMetrics


@pytest.fixture
async def health() -> AsyncIterator[HealthPort]:
    health = HealthPort(lambda: True)
    health.port = await health.start("127.0.0.1", 0)
    yield health
    health.stop()


@pytest.mark.parametrize("attack", ENDLESS_HEADS)
async def test_an_endless_probe_is_dropped(health, attack):
    begin, block, _ = ENDLESS_HEADS[attack]
    async with wire(health.port) as attacker:
        attacker.send(begin)
        assert await attacker.send_until_answered(block, MUCH) < MUCH
    assert (await get(health.port, "/livez")).status == 200


@pytest.mark.parametrize("begun", [b"", b"GET /livez", b"GET /livez HTTP/1.1\r\nHost: x"])
async def test_a_slow_probe_is_dropped(health, begun, monkeypatch):
    monkeypatch.setattr(worker_health, "REQUEST_TIMEOUT", 0.2)
    async with wire(health.port) as slow:
        slow.send(begun)
        assert await slow.rest() == b""


async def test_so_many_probes_are_open_at_a_time(health):
    async with AsyncExitStack() as opened:
        for _ in range(MAX_PROBES):
            await opened.enter_async_context(wire(health.port))
        async with wire(health.port) as one_more:
            assert await one_more.rest() == b""

    async def answers() -> bool:
        async with wire(health.port) as probe:
            probe.send(b"GET /readyz HTTP/1.1\r\n\r\n")
            return await probe.answer() is not None

    async with asyncio.timeout(10):
        while not await answers():
            pass


async def test_metrics_are_served_where_those_of_the_sdk_cannot_be_read(health):
    unread = SdkMetrics(ports.any_free())
    REGISTRY.register(unread)
    try:
        answer = await get(health.port, "/metrics")
    finally:
        REGISTRY.unregister(unread)
    assert answer.status == 200
    assert b"process_cpu_seconds_total" in answer.body


def test_health_and_metrics_are_told_to_this_machine_alone():
    settings = Settings(host="0.0.0.0", _env_file=None)
    assert settings.health_host == settings.metrics_host == "127.0.0.1"
