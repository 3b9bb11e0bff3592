"""A reader on a bare socket, as light as five hundred of them need be. It drops nothing that comes,
and comes back only when told to.
"""

import asyncio
import json
import random
import socket
from typing import Self

from tests.realtime.history import Opened, Reader, Reset, Step
from tests.realtime.reading import told
from tests.support import HANG

SMALL = 65_536
"""Bytes that the system keeps for a reader who does not read."""

LAST_CHUNK = "\r\n0\r\n\r\n"
"""Ends an answer, though not its connection."""


class Raw(asyncio.Protocol):
    def __init__(self, port: int, path: str, token: str) -> None:
        self.steps: list[Step] = []
        self.last_id = ""
        self.lost = asyncio.Event()
        """Set while there is no connection."""
        self._port = port
        self._request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        self._rest = ""

    async def open(self) -> Self:
        """Connects, and goes on from the last id; again, where it is refused for now. Returns when
        the stream has begun.
        """
        async with asyncio.timeout(HANG):
            while not await self._begins():  # noqa: ASYNC110
                await asyncio.sleep(random.uniform(0.5, 1))
        return self

    def stop_reading(self) -> None:
        self._transport.pause_reading()

    def read_on(self) -> None:
        self._transport.resume_reading()

    def drop(self) -> None:
        """Gone at once, without a word."""
        self._transport.abort()

    async def _begins(self) -> bool:
        loop = asyncio.get_running_loop()
        way = socket.socket()
        way.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        way.setblocking(False)
        await loop.sock_connect(way, ("127.0.0.1", self._port))
        self._rest, self._begun = "", loop.create_future()
        self.lost.clear()
        await loop.create_connection(lambda: self, sock=way)
        return await self._begun

    def as_judged(self, name: str, *topics: str) -> Reader:
        return Reader(name, frozenset(topics), tuple(self.steps))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        resume = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
        transport.write(f"{self._request}{resume}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 503"):
            self._transport.close()
            return
        *blocks, self._rest = (self._rest + data.decode()).split("\n\n")
        for block in blocks:
            self._take(dict(line.split(": ", 1) for line in block.split("\n") if ": " in line))

        if self._rest == LAST_CHUNK:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self.lost.set()
        if not self._begun.done():
            self._begun.set_result(False)

    def _take(self, fields: dict[str, str]) -> None:
        """A frame; what is not of it (the sizes of chunks, the headers) is not looked at."""
        kind, data = fields.get("event"), json.loads(fields.get("data", "{}"))
        self.last_id = fields.get("id", self.last_id)
        if kind == "ready":
            self.steps.append(Opened())
            self._begun.set_result(True)
        elif kind == "reset":
            self.steps.append(Reset(self.last_id.partition(":")[0]))
        elif "seq" in data:
            self.steps.append(told(self.last_id, kind or "", data))
