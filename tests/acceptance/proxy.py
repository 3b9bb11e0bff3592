"""A way to a server whose answers can be held back: what is asked still arrives and takes effect,
and whoever asked never hears of it.
"""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter

from embedded.ports import HOST
from tests.way import Way


class Proxy(Way):
    """`async with Proxy(port) as way`: `way.port` leads there."""

    def __init__(self, target: int) -> None:
        super().__init__()
        self._target = target
        self._silent = False
        self._marks: list[bytes] = []

    def silence(self) -> None:
        """From now on nobody gets an answer."""
        self._silent = True

    def silence_after(self, mark: bytes) -> None:
        """Whoever sends these bytes gets no answer from then on."""
        self._marks.append(mark)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
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
