"""Prometheus metrics on a separate port and thread, so that they can be read while the API is busy.
The same connection limits apply.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import prometheus_client
import uvicorn

from api.http.addresses import AddressLimiter, TrustedProxies
from api.http.protocol import BoundedProtocol

MOST = 100
"""Connections in total."""

PER_ADDRESS = 20


@contextmanager
def metrics_port(host: str, port: int) -> Iterator[int]:
    """Serves the metrics in Prometheus' text format; the port, for as long as the context lasts."""
    config = uvicorn.Config(
        prometheus_client.make_asgi_app(),
        http=BoundedProtocol.with_limits(MOST, AddressLimiter(PER_ADDRESS), TrustedProxies(())),
        ws="none",
        lifespan="off",
        host=host,
        port=port,
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    listener = config.bind_socket()
    listener.listen()  # clients that connect before the thread has started wait
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, args=([listener],), name="chairtime-metrics", daemon=True
    )
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=2)
