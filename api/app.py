"""The API: its factory, its life, and the server that ends it politely."""

import asyncio
import gc
import logging
import resource
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import prometheus_client
import uvicorn
from fastapi import FastAPI

from api import (
    agents,
    appointment_types,
    appointments,
    availability,
    clinics,
    dentists,
    docs,
    errors,
    event_log,
    events,
    health,
    profiles,
    realtime,
    resources,
    schedules,
    slots,
    tickets,
)
from api.alternatives import Alternatives
from api.event_stream import Streams
from api.limits import Limits
from api.middleware import install
from api.parts import Parts
from api.people import People
from api.security import NotConfigured, Verifier
from db.pool import create_pool
from realtime.bell import Bell
from realtime.hub import Hub
from realtime.relay import Relay
from settings import Settings
from workflows import client
from workflows.dispatch import Dispatcher
from workflows.reconciler import Reconciler

SUBJECTS = (
    appointments,
    availability,
    slots,
    schedules,
    dentists,
    profiles,
    agents,
    clinics,
    appointment_types,
    resources,
    events,
    tickets,
    event_log,
    realtime,
    health,
)
"""In no order that counts: where a name could stand, an id is `{id:uuid}`, so that what a name does
not take is 405, and not about an id.
"""

SEND_BUFFER = 32 * 1024
"""Bytes that the system takes for a reader who does not read, about; else it would be megabytes."""

SILENCE = 30_000
"""Milliseconds after which a connection is given up whose other end takes nothing; the system's own
patience is a quarter of an hour.
"""

logger = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """The application over its own parts, which live as long as its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with app.state.verifier.running(), _opened(settings) as parts:
            app.state.parts = parts
            yield

    app = FastAPI(
        title="Chairtime",
        version=health.VERSION,
        summary="Durable, real-time booking for dental clinics",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.verifier = Verifier.of(settings)
    app.state.limits = Limits.of(settings)
    install(app, settings.cors_origins)
    app.add_middleware(Streams)
    errors.install(app)
    docs.install(app)
    for subject in SUBJECTS:
        app.include_router(subject.router)
    return app


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Parts]:
    dsn = settings.database_url.get_secret_value()
    pool = await create_pool(dsn, settings.database_pool_size)
    temporal = await client.connect()
    relay = Relay(dsn, timedelta(hours=settings.events_kept_hours))
    bell, hub = Bell(pool), Hub(dsn)
    dispatcher = Dispatcher(dsn, temporal)
    reconciler = Reconciler(dsn, temporal, bell.ring)
    cache = settings.cache_url.get_secret_value() if settings.cache_url else None
    people = People(pool, hub, cache)
    others = Alternatives(pool)
    parts = Parts(
        settings, pool, temporal, bell, relay, hub, people, others, dispatcher, reconciler
    )
    running = (bell, hub, relay, dispatcher, reconciler)
    try:
        for part in running:
            await part.start()
        gc.freeze()  # what lives as long as the process is not looked through again
        yield parts
    finally:
        await asyncio.gather(*(part.stop() for part in running), return_exceptions=True)
        await people.stop()
        await asyncio.wait_for(pool.close(), timeout=2)


class Server(uvicorn.Server):
    """Listens with little patience for readers who are gone. Says `bye` to the open streams before
    it waits for the rest; without that they would hold it up.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super().serve(sockets or [listening(self.config)])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        parts: Parts | None = getattr(self._app.state, "parts", None)
        if parts:
            await parts.hub.close()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; gone within 5 seconds, open streams included."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        app = create_app(settings)
    except NotConfigured as refusal:
        sys.exit(f"chairtime api: {refusal}")
    if settings.metrics_port:
        prometheus_client.start_http_server(settings.metrics_port, addr=settings.host)
    _allow_files(settings.streams + 1000)
    Server(server_config(app, settings), app).run()


def _allow_files(count: int) -> None:
    """Each stream is an open file, and the usual limit of 1,024 is a default, not a bound."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listening(config: uvicorn.Config) -> socket.socket:
    """The socket that the config asks for; what is set here holds for each of its connections."""
    found = config.bind_socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE)
    return found


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How the app is served. Only trusted proxies may say whose request they bring on."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
    )
