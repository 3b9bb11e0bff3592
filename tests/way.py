"""A way to a server with something of ours in between, which can go wrong as networks do."""

import asyncio
from abc import abstractmethod
from asyncio import StreamReader, StreamWriter
from typing import Self

from embedded.ports import HOST


class Way:
    """`async with Way() as way`: `way.port` leads through `_serve`, which is called for each
    connection and cancelled in the end.
    """

    def __init__(self) -> None:
        self.port = 0
        self._lines: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._line, HOST, 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _line(self, reader: StreamReader, writer: StreamWriter) -> None:
        line = asyncio.current_task()
        self._lines.add(line)
        try:
            await self._serve(reader, writer)
        finally:
            self._lines.discard(line)
            writer.close()

    @abstractmethod
    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None: ...
