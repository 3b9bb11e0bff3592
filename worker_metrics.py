"""The worker's /metrics: its own, and those of Temporal's SDK."""

import asyncio
import socket

from prometheus_client import generate_latest

HOST = "127.0.0.1"
TIMEOUT = 1.0
"""Seconds to read the SDK's metrics; without them the worker's own are served."""


def free_port() -> int:
    """A port of this machine for the SDK's metrics, which only this process reads."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        port: int = found.getsockname()[1]
        return port


class WorkerMetrics:
    """`port` is where the SDK serves its metrics."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def read(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest() + await self._of_sdk()

    async def _of_sdk(self) -> bytes:
        try:
            async with asyncio.timeout(TIMEOUT):
                reader, writer = await asyncio.open_connection(HOST, self._port)
                try:
                    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
                    _, _, body = (await reader.read()).partition(b"\r\n\r\n")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return b""
        return body
