"""What stands between readers and API processes: it passes a connection on to one that is there,
and can break what passes through it in the ways that networks do.
"""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter

from embedded.ports import HOST
from tests.way import Way


class Balancer(Way):
    """`async with Balancer(port, …) as way`: `way.url` leads to the processes at these ports."""

    def __init__(self, *ports: int) -> None:
        super().__init__()
        self.served = 0
        """Connections so far."""
        self._ports = ports
        self._mark: bytes | None = None
        self._mute: set[StreamWriter] = set()
        self._readers: set[StreamWriter] = set()

    def cut(self) -> None:
        """Every connection breaks, now."""
        for writer in self._readers:
            writer.transport.abort()

    def cut_after(self, mark: bytes) -> None:
        """The connection on which these bytes are the next to be answered breaks right behind them.
        Once.
        """
        self._mark = mark

    def swallow(self) -> None:
        """From now on nothing is answered on the connections that are open, and none is closed."""
        self._mute |= self._readers

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._readers.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._join(reader, writer)
        finally:
            self._readers.discard(writer)

    async def _join(self, reader: StreamReader, writer: StreamWriter) -> None:
        up_reader, up_writer = await self._reached()
        asking = asyncio.create_task(_pass_on(reader, up_writer))
        try:
            while data := await up_reader.read(65536):
                if writer in self._mute:
                    continue
                before, found, _ = data.partition(self._mark) if self._mark else (data, b"", b"")
                writer.write(before + found)
                if found:
                    self._mark = None
                    return
                await writer.drain()
        finally:
            asking.cancel()
            up_writer.close()

    async def _reached(self) -> tuple[StreamReader, StreamWriter]:
        """The next process in turn that is there. OSError where none is."""
        self.served += 1
        for n in range(len(self._ports)):
            port = self._ports[(self.served + n) % len(self._ports)]
            with contextlib.suppress(ConnectionError):
                return await asyncio.open_connection(HOST, port)
        raise ConnectionError("nobody is there")


async def _pass_on(source: StreamReader, sink: StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()
