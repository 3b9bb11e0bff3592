"""The worker: one process that runs the workflows of bookings and webhooks, the dispatcher and the
feeder of webhooks.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from math import inf
from typing import Any

import uvloop
from temporalio.client import Client, Interceptor
from temporalio.service import ServiceClient

import logs
import tracing
from activities.advance import BookingActivities
from db.heartbeat import Heartbeat
from db.pool import Pool, create_pool
from db.sampler import Sampler
from domain.webhooks import Retries
from realtime.waker import RelayWaker
from settings import Settings
from webhooks import worker as webhooks
from webhooks.activities import WebhookActivities
from webhooks.addresses import AddressPolicy
from webhooks.feeder import Feeder
from webhooks.secrets import SigningSecrets
from webhooks.sender import Sender
from worker_health import HealthPort
from workflows import metrics
from workflows.client import UNREACHABLE, connect, reachable
from workflows.dispatch import Dispatcher
from workflows.runtime import use_quiet_runtime
from workflows.worker import build_worker as build_worker
from workflows.worker import deployment

log = logging.getLogger("chairtime.worker")

GRACE = 4.0
"""Seconds from SIGTERM until the process has ended, whatever it waits for."""

CHECK_EVERY = 1.0
STALE = 5.0
"""Seconds after its last contact with Temporal during which the worker still counts as ready."""


def main(settings: Settings, health_port: int) -> None:
    """Runs until SIGTERM or SIGINT, and then ends within GRACE. `health_port` serves /livez and
    /readyz (ready: Temporal is reached); 0 disables it.
    """
    logs.configure(settings.environment)
    use_quiet_runtime()
    traces = tracing.start("chairtime-worker")
    interceptors = [traces.interceptor] if traces else []
    try:
        uvloop.run(_Worker(settings, interceptors).run(health_port))
    finally:
        if traces:
            traces.stop()


class _Worker:
    def __init__(self, settings: Settings, interceptors: Sequence[Interceptor]) -> None:
        self._settings = settings
        self._interceptors = interceptors
        self._dsn = settings.database_url.get_secret_value()
        self._stop = asyncio.Event()
        self._reached_at = -inf
        """The last contact with Temporal, by the monotonic clock."""
        metrics.REACHABLE.set_function(self._ready)

    async def run(self, health_port: int) -> None:
        """Runs until stopped; starts the worker again whenever Temporal becomes reachable."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end)
        health = HealthPort(self._ready)
        if health_port:
            await health.start(self._settings.health_host, health_port)
        pool = await create_pool(self._dsn, self._settings.database_pool_size)
        waker, heartbeat, sampler = RelayWaker(pool), Heartbeat(pool), Sampler(pool)
        await waker.start()
        await sampler.start()
        for attempt in count():
            try:
                await self._serve(pool, waker, heartbeat)
            except UNREACHABLE as error:
                if attempt % 60 == 0:
                    log.warning("Temporal is unreachable; retrying: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), CHECK_EVERY)
            if self._stop.is_set():
                break
        await sampler.stop()
        await waker.stop()
        pool.terminate()
        health.stop()

    def _ready(self) -> bool:
        return time.monotonic() - self._reached_at < STALE

    def _end(self) -> None:
        self._stop.set()
        asyncio.get_running_loop().call_later(GRACE, os._exit, 1)

    async def _serve(self, pool: Pool, waker: RelayWaker, heartbeat: Heartbeat) -> None:
        """Runs workers, dispatcher and feeder until stopped. Raises the error that prevents it."""
        client = await _connected(self._interceptors)
        options = _options(self._settings)
        bookings = build_worker(client, BookingActivities(pool, waker.wake), **options)
        deliveries = webhooks.build_worker(
            client, _webhook_activities(self._settings, pool), **options
        )
        parts = heartbeat, Dispatcher(self._dsn, client), Feeder(self._dsn, client)
        running = [asyncio.create_task(worker.run()) for worker in (bookings, deliveries)]
        stopped = asyncio.create_task(self._stop.wait())
        for part in parts:
            await part.start()
        while not stopped.done() and not any(task.done() for task in running):
            if await reachable(client):
                self._reached_at = time.monotonic()
            await asyncio.wait(
                {*running, stopped}, timeout=CHECK_EVERY, return_when="FIRST_COMPLETED"
            )
        stopped.cancel()
        async with asyncio.timeout(GRACE):
            workers = zip((bookings, deliveries), running, strict=True)
            ends = [worker.shutdown() for worker, task in workers if not task.done()]
            await asyncio.gather(*(part.stop() for part in parts), *ends)
        await asyncio.gather(*running)


def _options(settings: Settings) -> dict[str, Any]:
    """The SDK's options of both workers."""
    build_id = settings.worker_build_id
    return {"deployment_config": deployment(build_id)} if build_id else {}


def _webhook_activities(settings: Settings, pool: Pool) -> WebhookActivities:
    policy = AddressPolicy(settings.networks_for_webhooks)
    return WebhookActivities(
        pool,
        Sender(policy, allow_http=settings.webhooks_by_http),
        SigningSecrets(settings.webhook_secret_bytes),
        Retries(dead_after=timedelta(hours=settings.webhook_dead_after_hours)),
    )


async def _connected(interceptors: Sequence[Interceptor]) -> Client:
    """A connected client, as a worker accepts no lazy one. Raises RuntimeError without Temporal."""
    client = await connect(interceptors=interceptors)
    config = client.config()
    config["service_client"] = await ServiceClient.connect(
        replace(client.service_client.config, lazy=False)
    )
    return Client(**config)
