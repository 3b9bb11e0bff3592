"""A TCP proxy between one process and a server, whose connections can be cut or black-holed."""

import asyncio
import contextlib
import socket
import struct
from asyncio import StreamReader, StreamWriter

from embedded.ports import HOST
from tests.way import Way

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with which a closed socket sends RST at once."""


class Link(Way):
    """`async with Link(port) as link`: `link.port` leads to the server."""

    def __init__(self, target: int) -> None:
        super().__init__()
        self._target = target
        self._passing = asyncio.Event()
        self._passing.set()
        self._writers: set[StreamWriter] = set()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._writers) // 2

    def cut(self) -> int:
        """Resets all connections, at both ends; how many. New ones pass."""
        ends = list(self._writers)
        for writer in ends:
            with contextlib.suppress(OSError):
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        return len(ends) // 2

    def black_hole(self) -> None:
        """From now on nothing passes, not even the end of a connection; new connections are
        accepted, and get no answer.
        """
        self._passing.clear()

    def heal(self) -> None:
        """What was sent meanwhile arrives now, as after a partition of the network."""
        self._passing.set()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # at the end of the run
            await self._connect(reader, writer)

    async def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        await self._passing.wait()
        try:
            up_reader, up_writer = await asyncio.open_connection(HOST, self._target)
        except OSError:
            return  # the server is down; the connection is closed
        ends = {writer, up_writer}
        self._writers |= ends
        try:
            both = [self._pass(reader, up_writer), self._pass(up_reader, writer)]
            tasks = [asyncio.create_task(each) for each in both]
            try:
                await asyncio.wait(tasks, return_when="FIRST_COMPLETED")
            finally:
                for task in tasks:
                    task.cancel()
        finally:
            self._writers -= ends
            up_writer.close()

    async def _pass(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Passes data on until either end is closed."""
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._passing.wait()
                writer.write(data)
                await writer.drain()
        await self._passing.wait()
