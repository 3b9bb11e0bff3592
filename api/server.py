"""The server: how the application listens, and how it ends politely."""

import logging
import resource
import socket
import sys

import prometheus_client
import uvicorn
from fastapi import FastAPI
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.app import create_app
from api.parts import Parts
from api.security import NotConfigured
from settings import Settings

SEND_BUFFER = 32 * 1024
"""Bytes that the system takes for a reader who does not read, about; else it would be megabytes."""

SILENCE = 30_000
"""Milliseconds after which a connection is given up whose other end takes nothing; the system's own
patience is a quarter of an hour.
"""


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


class Connection(HttpToolsProtocol):
    """Tells the request that is being answered when its reader is gone. By itself the library tells
    the latest, which may be one that waits behind a stream; the stream would outlive its reader.
    """

    _running: RequestResponseCycle | None = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)


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
        http=Connection,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
    )
