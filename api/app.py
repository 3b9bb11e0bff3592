"""The application factory and its lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from opentelemetry.trace import Tracer

from api.auth import development_sign_in
from api.auth.accounts import Accounts
from api.auth.hold_tokens import HoldTokens
from api.auth.security import Verifier
from api.bookings import appointments, calendar, reservations, transitions
from api.chatbot import routes as chatbot
from api.directory import (
    agents,
    appointment_types,
    clinics,
    dentists,
    linked_patients,
    profiles,
    resources,
)
from api.events import event_log, streams, tickets
from api.events.response import Streams
from api.http import errors, public
from api.http.limits import Limits
from api.http.middleware import Head, install
from api.mcp import metadata as mcp_metadata
from api.mcp import routes as mcp_routes
from api.openapi import document
from api.ops import figures, health, realtime, tools
from api.ops.probes import Probes
from api.scheduling import schedules, slots
from api.state import AppState
from api.web import config, llms, pages
from api.webhooks import deliveries, endpoints
from db.pool import close, create_pool
from db.sampler import Sampler
from domain.events import Topic
from realtime.hub import Hub
from realtime.relay import Relay
from realtime.waker import RelayWaker
from services import directory
from services.alternatives import Alternatives
from services.cache import Cache
from services.holds import Holds
from settings import Settings
from webhooks.addresses import AddressPolicy
from webhooks.secrets import SigningSecrets
from workflows import client
from workflows.reconciler import Reconciler

ROUTE_MODULES = (
    reservations,
    appointments,
    calendar,
    transitions,
    slots,
    chatbot,
    schedules,
    dentists,
    profiles,
    agents,
    linked_patients,
    clinics,
    appointment_types,
    resources,
    streams,
    tickets,
    event_log,
    endpoints,
    deliveries,
    realtime,
    tools,
    figures,
    health,
    config,
    llms,
    mcp_routes,
    mcp_metadata,
)
"""The most requested come first; otherwise the order does not matter. Where a path has a name or an
id at the same place, the id is `{id:uuid}`, so that a wrong method on the name is 405.
"""


def create_app(settings: Settings, tracer: Tracer | None = None) -> FastAPI:
    """The application. Its state is opened and closed in its lifespan. `tracer` traces requests."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            app.state.verifier.running(),
            _opened(settings) as state,
            mcp_routes.running() as app.state.mcp,
        ):
            app.state.app_state = state
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
    )
    app.state.verifier = Verifier.of(settings)
    app.state.limits = Limits.of(settings)
    install(app, settings.cors_origins, tracer)
    app.add_middleware(Streams)
    app.add_middleware(Head)
    errors.install(app)
    document.install(app)
    modules = [*ROUTE_MODULES, *([development_sign_in] if settings.local_issuer else [])]
    for module in modules:
        # include_router would build each route once more, at the first request: 0.5 s.
        app.router.routes.extend(module.router.routes)
    pages.install(app, settings)
    return app


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[AppState]:
    """The state of a running process; its parts are stopped in the end."""
    dsn = settings.database_url.get_secret_value()
    pool = await create_pool(dsn, settings.database_pool_size)
    temporal = await client.connect()
    hub, waker = Hub(dsn), RelayWaker(pool)
    relay = Relay(dsn, timedelta(hours=settings.events_kept_hours))
    state = AppState(
        settings=settings,
        pool=pool,
        client=temporal,
        waker=waker,
        relay=relay,
        hub=hub,
        accounts=Accounts(pool, hub),
        alternatives=Alternatives(pool),
        holds=Holds(pool),
        hold_tokens=HoldTokens.of_settings(settings),
        probes=Probes(dsn, temporal, relay),
        directory=Cache(directory.TTL),
        webhook_secrets=SigningSecrets(settings.webhook_secret_bytes),
        webhook_addresses=AddressPolicy(settings.networks_for_webhooks),
        public_answers=Cache(public.TTL, public.MOST_CACHED),
    )
    hub.subscribe(Topic.AVAILABILITY, lambda _: state.public_answers.clear())
    running = waker, hub, relay, Reconciler(dsn, temporal, waker.wake), Sampler(pool)
    try:
        for part in running:
            await part.start()
        yield state
    finally:
        await asyncio.gather(*(part.stop() for part in running), return_exceptions=True)
        await state.accounts.stop()
        await close(pool)
