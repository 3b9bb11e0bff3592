"""A way to a server whose answers can be held back: what is asked still arrives and takes effect,
and whoever asked never hears of it.
"""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from typing import Self

from embedded.ports import HOST


class Proxy:
    """`async with Proxy(port) as way`: `way.port` leads there."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._silent = False
        self._marks: list[bytes] = []
        self._lines: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def silence(self) -> None:
        """From now on nobody gets an answer."""
        self._silent = True

    def silence_after(self, mark: bytes) -> None:
        """Whoever sends these bytes gets no answer from then on."""
        self._marks.append(mark)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        line = asyncio.current_task()
        self._lines.add(line)
        up_reader, up_writer = await asyncio.open_connection(HOST, self._target)
        told: set[bytes] = set()
        try:
            with contextlib.suppress(OSError):
                async with asyncio.TaskGroup() as both:
                    answers = both.create_task(self._answers(up_reader, writer, told))
                    await self._questions(reader, up_writer, told)
                    answers.cancel()
        except* OSError:
            pass
        finally:
            self._lines.discard(line)
            writer.close()
            up_writer.close()

    async def _questions(self, reader: StreamReader, up: StreamWriter, told: set[bytes]) -> None:
        while data := await reader.read(65536):
            told.update(mark for mark in self._marks if mark in data)
            up.write(data)
            await up.drain()

    async def _answers(self, up: StreamReader, writer: StreamWriter, told: set[bytes]) -> None:
        while data := await up.read(65536):
            if not (self._silent or told):
                writer.write(data)
                await writer.drain()
