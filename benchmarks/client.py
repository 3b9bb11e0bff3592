"""A minimal HTTP/1.1 client, so that the CPU goes to the server that is measured.

It supports what the measured servers send: keep-alive, and answers with a Content-Length. A
connection has one request at a time.
"""

import asyncio
import json
import re
from typing import Any, NamedTuple, Self, cast

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END = b"\r\n\r\n"


class Answer(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    """`open`, any number of `ask`, `close`."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: asyncio.Future[Answer] | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, "127.0.0.1", port)
        return connection

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Sends a request. Raises ConnectionError if the server closes the connection."""
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's class is not a subclass

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(END)
        if head < 0:
            return
        length = LENGTH.search(self._received, 0, head)
        end = head + len(END) + (int(length[1]) if length else 0)
        if len(self._received) < end:
            return
        answer = Answer(int(self._received[9:12]), self._received[head + len(END) : end])
        self._received = self._received[end:]
        waiting, self._waiting = self._waiting, None
        if waiting and not waiting.done():
            waiting.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(
                error or ConnectionResetError("the server closed the connection")
            )


def request(method: str, path: str, token: str, body: Any = None, key: str | None = None) -> bytes:
    """The bytes of a request with this bearer token; `key` is its Idempotency-Key."""
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    if content:
        head += "Content-Type: application/json\r\n"
    if key:
        head += f"Idempotency-Key: {key}\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
