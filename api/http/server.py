"""The HTTP server: listens, and shuts down gracefully."""

import resource
import socket
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI

import logs
import tracing
from api.app import create_app
from api.auth.security import NotConfigured
from api.http.addresses import AddressLimiter, Forwarded, TrustedProxies
from api.http.protocol import BoundedProtocol
from api.ops.metrics_port import metrics_port
from api.state import AppState
from settings import Settings
from workflows.runtime import use_quiet_runtime

if TYPE_CHECKING:
    from tracing.spans import Tracing

SEND_BUFFER = 32 * 1024
"""Bytes that the kernel buffers per connection, about; its default would be megabytes."""

OWN_FILES = 256
"""Open files of the process other than client connections: pool, connections, log."""

TCP_USER_TIMEOUT_MS = 30_000
"""Milliseconds after which a connection is closed whose peer acknowledges nothing. The system's
default is 15 minutes.
"""


class Server(uvicorn.Server):
    """Closes the open streams before it waits for other requests at shutdown; otherwise they would
    delay it.
    """

    def __init__(
        self, config: uvicorn.Config, app: FastAPI, traces: "Tracing | None" = None
    ) -> None:
        super().__init__(config)
        self._app = app
        self._traces = traces

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super().serve(sockets or [listening(self.config)])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        state: AppState | None = getattr(self._app.state, "app_state", None)
        if state:
            await state.hub.close()
        await super().shutdown(sockets)
        if self._traces:
            self._traces.stop()


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then ends within 5 seconds, or 6 where a collector of traces
    does not answer.
    """
    logs.configure(settings.environment)
    traces = tracing.start("chairtime-api")
    try:
        app = create_app(settings, traces.tracer if traces else None)
    except NotConfigured as refusal:
        sys.exit(f"chairtime api: {refusal}")
    use_quiet_runtime()
    _allow_files(settings.streams + OWN_FILES + 1000)
    with ExitStack() as ports:
        if settings.metrics_port:
            ports.enter_context(metrics_port(settings.metrics_host, settings.metrics_port))
        Server(server_config(app, settings), app, traces).run()


def _allow_files(count: int) -> None:
    """Raises the limit of open files, of which each stream needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _most_connections() -> int:
    """The limit of open files, less those that the process itself needs."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(soft - OWN_FILES, soft // 2)


def listening(config: uvicorn.Config) -> socket.socket:
    """The listening socket; connections inherit its options."""
    found = config.bind_socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
    return found


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """uvicorn's configuration. Only trusted proxies may name the client of a request."""
    most = settings.connections_per_address if settings.limited else None
    proxies = settings.trusted_proxies
    return uvicorn.Config(
        Forwarded(app, proxies, AddressLimiter(most)) if proxies else app,
        http=BoundedProtocol.with_limits(
            _most_connections(), AddressLimiter(most), TrustedProxies(proxies)
        ),
        ws="none",
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
    )
