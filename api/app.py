"""The application factory and its lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from api.auth.accounts import Accounts
from api.auth.hold_tokens import HoldTokens
from api.auth.security import Verifier
from api.bookings import appointments, reservations
from api.directory import agents, appointment_types, clinics, dentists, profiles, resources
from api.events import event_log, streams, tickets
from api.events.response import Streams
from api.http import errors
from api.http.limits import Limits
from api.http.middleware import Head, install
from api.openapi import document
from api.ops import health, realtime
from api.ops.probes import Probes
from api.scheduling import schedules, slots
from api.state import AppState
from db.pool import create_pool
from realtime.hub import Hub
from realtime.relay import Relay
from realtime.waker import RelayWaker
from services.alternatives import Alternatives
from services.cache import Shared
from services.cached_terms import CachedTerms
from services.coalescing import RequestCoalescer
from services.directory import FRESH, read_directory
from settings import Settings
from workflows import client
from workflows.reconciler import Reconciler

ROUTE_MODULES = (
    reservations,
    appointments,
    slots,
    schedules,
    dentists,
    profiles,
    agents,
    clinics,
    appointment_types,
    resources,
    streams,
    tickets,
    event_log,
    realtime,
    health,
)
"""The most requested come first; otherwise the order does not matter. Where a name could
stand, ids are `{id:uuid}`, so that a wrong method on a name is 405 and not an invalid id.
"""


def create_app(settings: Settings) -> FastAPI:
    """The application; its state lives as long as its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with app.state.verifier.running(), _opened(settings) as parts:
            app.state.parts = parts
            yield

    app = FastAPI(
        title="Chairtime",
        version=health.VERSION,
        summary="Durable, real-time booking for dental clinics",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.verifier = Verifier.of(settings)
    app.state.limits = Limits.of(settings)
    install(app, settings.cors_origins)
    app.add_middleware(Streams)
    app.add_middleware(Head)
    errors.install(app)
    document.install(app)
    for module in ROUTE_MODULES:
        app.include_router(module.router)
    return app


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[AppState]:
    dsn = settings.database_url.get_secret_value()
    pool = await create_pool(dsn, settings.database_pool_size)
    temporal = await client.connect()
    waker, hub = RelayWaker(pool), Hub(dsn)
    relay = Relay(dsn, timedelta(hours=settings.events_kept_hours))
    reconciler = Reconciler(dsn, temporal, waker.wake)
    cache = settings.cache_url.get_secret_value() if settings.cache_url else None
    accounts = Accounts(pool, hub, cache)
    memory = Alternatives(pool), CachedTerms(), RequestCoalescer()
    tokens = HoldTokens.of_settings(settings)
    shared = Probes(dsn, temporal, relay), Shared(partial(read_directory, pool), FRESH)
    more = *memory, reconciler, tokens, *shared
    parts = AppState(settings, pool, temporal, waker, relay, hub, accounts, *more)
    running = (waker, hub, relay, reconciler)
    try:
        for part in running:
            await part.start()
        yield parts
    finally:
        await asyncio.gather(*(part.stop() for part in running), return_exceptions=True)
        await asyncio.gather(accounts.stop(), parts.probes.stop(), parts.directory.stop())
        await asyncio.wait_for(pool.close(), timeout=2)
