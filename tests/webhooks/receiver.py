"""A bot's backend: a real HTTP server that keeps what it was sent."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from tests.support import HANG

OK = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Call:
    path: str
    headers: dict[str, str]
    text: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def kind(self) -> str:
        return self.body["kind"]

    def verified(self, *secrets: str) -> bool:
        """Whether the signature is valid for each of these secrets. Raises if it is not."""
        return all(Webhook(secret).verify(self.text, dict(self.headers)) for secret in secrets)


Answer = Callable[[Call], bytes | Awaitable[bytes]]


def status(code: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} Whatever", *headers, "Content-Length: 0", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Receiver:
    """`answer` says how it answers each call; `calls` are all that came, in order."""

    port: int = 0
    answer: Answer = lambda _: OK
    calls: list[Call] = field(default_factory=list)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)
    tls: bool = False
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/events"

    @property
    def taken(self) -> list[Call]:
        """The first call of each id."""
        return list({call.id: call for call in reversed(self.calls)}.values())[::-1]

    async def gets(self, condition: Callable[["Receiver"], object]) -> None:
        """Waits for calls."""
        async with asyncio.timeout(HANG), self.came:
            await self.came.wait_for(lambda: condition(self))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            headers = {name.lower(): value for name, value in headers.items()}
            body = await reader.readexactly(int(headers["content-length"]))
            call = Call(first.split()[1], headers, body.decode())
            async with self.came:
                self.calls.append(call)
                self.came.notify_all()
            answer = self.answer(call)
            writer.write(answer if isinstance(answer, bytes) else await answer)
            await writer.drain()
        writer.close()
        self.open.discard(writer)


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver(tls=tls is not None)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for writer in receiver.open:
            writer.transport.abort()
        await asyncio.sleep(0)
