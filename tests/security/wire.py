"""What an attacker writes, byte by byte, and what comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

BLOCK = 64 * 1024


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str | None:
        """Of a problem, whose form is checked too."""
        if self.headers["content-type"] != "application/problem+json":
            return None
        told: dict[str, Any] = json.loads(self.body)
        assert told["status"] == self.status
        assert told["request_id"] == self.headers["x-request-id"]
        return str(told["code"])


class Wire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def send_until_answered(self, block: bytes, most: int) -> int:
        """Sends the block again and again until something comes back or the other end is gone; how
        many bytes that took, `most` at most.
        """
        sent = 0
        coming = asyncio.create_task(self._reader.read(1))
        with suppress(ConnectionError):
            while sent < most and not coming.done():
                self.writer.write(block)
                await asyncio.wait_for(self.writer.drain(), 10)
                sent += len(block)
                await asyncio.wait([coming], timeout=0)
        with suppress(ConnectionError):
            self._first = await asyncio.wait_for(coming, 10)
        return sent

    _first = b""

    async def answer(self) -> Answer | None:
        """The next answer; null where the connection ends without one."""
        async with asyncio.timeout(10):
            try:
                head = self._first + await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            self._first = b""
            line, *lines = head.decode("latin1").split("\r\n")
            pairs = (line.split(": ", 1) for line in lines if line)
            headers = {name.lower(): value for name, value in pairs}
            if headers.get("transfer-encoding") == "chunked":
                body = await self._chunks()
            else:
                body = await self._reader.readexactly(int(headers.get("content-length", 0)))
            return Answer(int(line.split()[1]), headers, body)

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += await self._reader.readexactly(size)
            await self._reader.readline()
        await self._reader.readline()
        return body

    async def rest(self) -> bytes:
        """All that still comes, until the connection ends."""
        got = b""
        async with asyncio.timeout(10):
            with suppress(ConnectionError):
                while data := await self._reader.read(BLOCK):
                    got += data
        return got


@asynccontextmanager
async def wire(port: int, source: str = "127.0.0.1") -> AsyncIterator[Wire]:
    """A connection from an address of this machine, of which there are many: 127.0.0.0/8."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def get(port: int, path: str, source: str = "127.0.0.1", **headers: str) -> Answer:
    async with wire(port, source) as one:
        one.send(request("GET", path, **headers))
        answer = await one.answer()
        assert answer is not None, "the connection ended without an answer"
        return answer


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: chairtime"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
