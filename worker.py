"""The worker: carries bookings through, in as many processes as asked for."""

import asyncio
import logging
import multiprocessing
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from multiprocessing.context import SpawnProcess
from typing import Any

import uvloop
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import ServiceClient
from temporalio.worker import UnsandboxedWorkflowRunner

from activities.advance import BookingActivities
from db.heartbeat import Heartbeat
from db.pool import create_pool
from realtime.waker import RelayWaker
from settings import Settings
from worker_health import HealthPort
from workflows.client import AWAY, connect, reachable
from workflows.dispatch import Dispatcher
from workflows.worker import build_worker as build_worker

log = logging.getLogger("chairtime.worker")

GRACE = 4.0
"""Seconds between SIGTERM and the end."""

PULSE = 1.0
STALE = 5.0
"""Seconds after its last beat that a process still counts as ready."""


def main(settings: Settings, processes: int, health_port: int) -> None:
    """Runs until SIGTERM or SIGINT, and ends within GRACE then. A process that dies is started
    again.

    `health_port` answers /livez and /readyz (all processes reach Temporal); 0 switches it off.
    """
    asyncio.run(_Crew(settings, processes).run(health_port))


class _Crew:
    """The parent: keeps the processes running. It does no work itself."""

    def __init__(self, settings: Settings, processes: int) -> None:
        self._settings = settings
        self._spawn = multiprocessing.get_context("spawn")
        self._beats = self._spawn.RawArray("d", processes)
        self._stop = asyncio.Event()

    async def run(self, health_port: int) -> None:
        _stop_on_signals(self._stop)
        health = HealthPort(self._ready)
        if health_port:
            await health.start(self._settings.health_host, health_port)
        await asyncio.gather(*(self._keep(number) for number in range(len(self._beats))))
        health.stop()

    def _ready(self) -> bool:
        """Whether all processes have reached Temporal of late."""
        return bool(min(self._beats) > time.monotonic() - STALE)

    async def _keep(self, number: int) -> None:
        while not self._stop.is_set():
            process = self._spawn.Process(
                target=_process, args=(self._settings, self._beats, number), name=f"worker-{number}"
            )
            process.start()
            await self._watch(process)
            if not self._stop.is_set():
                log.error("%s ended with code %s; again", process.name, process.exitcode)
                await _happens_within(PULSE, self._stop)

    async def _watch(self, process: SpawnProcess) -> None:
        """Returns when the process is gone, which is at most GRACE after we are told to stop."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(process.sentinel, ended.set)
        waits = [asyncio.create_task(event.wait()) for event in (ended, self._stop)]
        await asyncio.wait(waits, return_when="FIRST_COMPLETED")
        process.terminate()
        await asyncio.wait(waits[:1], timeout=GRACE)
        process.kill()
        await ended.wait()
        loop.remove_reader(process.sentinel)
        process.join()


def _process(settings: Settings, beats: Any, number: int) -> None:
    logging.basicConfig(level=logging.INFO)
    Runtime.set_default(_quiet())

    def beat() -> None:
        beats[number] = time.monotonic()

    uvloop.run(_work(settings, beat))


def _quiet() -> Runtime:
    """Without Temporal, warnings of every repeated call would fill the log."""
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors)))


async def _work(settings: Settings, beat: Callable[[], None]) -> None:
    """Carries bookings through until told to stop. Temporal may come and go meanwhile."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    parent = multiprocessing.parent_process()
    if parent:  # it may have been killed, and cannot tell
        asyncio.get_running_loop().add_reader(parent.sentinel, stop.set)

    dsn = settings.database_url.get_secret_value()
    pool = await create_pool(dsn, settings.database_pool_size)
    waker, heartbeat = RelayWaker(pool), Heartbeat(pool)
    await waker.start()
    for attempt in count():
        try:
            await _serve(dsn, BookingActivities(pool, waker.wake), heartbeat, stop, beat)
        except AWAY as error:
            if attempt % 60 == 0:
                log.warning("waiting for Temporal: %s", error)
        if await _happens_within(PULSE, stop):
            break
    await waker.stop()
    pool.terminate()


async def _serve(
    dsn: str,
    activities: BookingActivities,
    heartbeat: Heartbeat,
    stop: asyncio.Event,
    beat: Callable[[], None],
) -> None:
    """Works and dispatches until told to stop. Raises what keeps it from working."""
    # What the sandbox would find, the tests find: they run in it, and replay every recorded path.
    # Here it would double or triple the CPU of a workflow (replayed: 8 ms without, 18 with).
    client = await _connected()
    worker = build_worker(client, activities, workflow_runner=UnsandboxedWorkflowRunner())
    dispatcher = Dispatcher(dsn, client)
    running = asyncio.create_task(worker.run())
    stopped = asyncio.create_task(stop.wait())
    await heartbeat.start()
    await dispatcher.start()
    while not running.done() and not stopped.done():
        if await reachable(client):
            beat()
        await asyncio.wait({running, stopped}, timeout=PULSE, return_when="FIRST_COMPLETED")
    stopped.cancel()
    async with asyncio.timeout(GRACE):
        ends = [] if running.done() else [worker.shutdown()]
        await asyncio.gather(heartbeat.stop(), dispatcher.stop(), *ends)
    await running


async def _connected() -> Client:
    """The client, connected: a worker takes no lazy one. Raises RuntimeError without Temporal."""
    client = await connect()
    config = client.config()
    config["service_client"] = await ServiceClient.connect(
        replace(client.service_client.config, lazy=False)
    )
    return Client(**config)


async def _happens_within(seconds: float, event: asyncio.Event) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


def _stop_on_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
