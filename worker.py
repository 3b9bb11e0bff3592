"""The worker: runs booking workflows, in one or several processes."""

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
from workflows.client import UNREACHABLE, connect, reachable
from workflows.dispatch import Dispatcher
from workflows.worker import build_worker as build_worker

log = logging.getLogger("chairtime.worker")

GRACE = 4.0
"""Seconds from SIGTERM until the process must have ended."""

CHECK_EVERY = 1.0
STALE = 5.0
"""Seconds after its last contact with Temporal during which a process still counts as ready."""


def main(settings: Settings, processes: int, health_port: int) -> None:
    """Runs until SIGTERM or SIGINT, and then ends within GRACE. A process that dies is started
    again.

    `health_port` serves /livez and /readyz (ready: all processes reach Temporal); 0 disables it.
    """
    asyncio.run(_Supervisor(settings, processes).run(health_port))


class _Supervisor:
    """The parent process: starts and restarts the worker processes. It runs no workflows itself."""

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
        """Whether all processes have reached Temporal within STALE seconds."""
        return bool(min(self._beats) > time.monotonic() - STALE)

    async def _keep(self, number: int) -> None:
        while not self._stop.is_set():
            process = self._spawn.Process(
                target=_process, args=(self._settings, self._beats, number), name=f"worker-{number}"
            )
            process.start()
            await self._watch(process)
            if not self._stop.is_set():
                log.error("%s ended with code %s; restarting it", process.name, process.exitcode)
                await _happens_within(CHECK_EVERY, self._stop)

    async def _watch(self, process: SpawnProcess) -> None:
        """Returns when the process has ended, at most GRACE seconds after the stop request."""
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
    Runtime.set_default(_quiet_runtime())

    def beat() -> None:
        beats[number] = time.monotonic()

    uvloop.run(_work(settings, beat))


def _quiet_runtime() -> Runtime:
    """A runtime that logs errors only: while Temporal is unreachable, a warning for each retry
    would fill the log.
    """
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors)))


async def _work(settings: Settings, beat: Callable[[], None]) -> None:
    """Runs the worker until stopped; starts it again whenever Temporal becomes reachable."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    parent = multiprocessing.parent_process()
    if parent:  # stop too if the parent was killed
        asyncio.get_running_loop().add_reader(parent.sentinel, stop.set)

    dsn = settings.database_url.get_secret_value()
    pool = await create_pool(dsn, settings.database_pool_size)
    waker, heartbeat = RelayWaker(pool), Heartbeat(pool)
    await waker.start()
    for attempt in count():
        try:
            await _serve(dsn, BookingActivities(pool, waker.wake), heartbeat, stop, beat)
        except UNREACHABLE as error:
            if attempt % 60 == 0:
                log.warning("Temporal is unreachable; retrying: %s", error)
        if await _happens_within(CHECK_EVERY, stop):
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
    """Runs worker and dispatcher until stopped. Raises the error that prevents it."""
    # No sandbox: the tests run in it, and replay every recorded history. Here it would double or
    # triple the CPU per workflow (replay: 8 ms without, 18 ms with it).
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
        await asyncio.wait({running, stopped}, timeout=CHECK_EVERY, return_when="FIRST_COMPLETED")
    stopped.cancel()
    async with asyncio.timeout(GRACE):
        ends = [] if running.done() else [worker.shutdown()]
        await asyncio.gather(heartbeat.stop(), dispatcher.stop(), *ends)
    await running


async def _connected() -> Client:
    """A connected client, as a worker accepts no lazy one. Raises RuntimeError without Temporal."""
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
