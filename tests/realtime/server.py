"""The API on a socket, in this process, and a client of its streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx2

from api.app import create_app
from api.http.server import Server, listening, server_config
from settings import Settings
from tests.realtime.listening import Frame, parse, until


class Running:
    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        config = server_config(self.app, settings.model_copy(update={"port": 0}))
        self.server = Server(config, self.app)
        self._socket = listening(self.server.config)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.task = asyncio.create_task(self.server.serve([self._socket]))

    @property
    def hub(self):
        return self.app.state.app_state.hub

    async def ready(self) -> None:
        await until(lambda: self.server.started and self.hub.health.connected)
        await until(lambda: self.app.state.app_state.relay.health.connected)

    async def stop(self) -> None:
        """What SIGTERM does."""
        self.server.should_exit = True
        await self.task


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Running]:
    running = Running(settings)
    try:
        await running.ready()
        yield running
    finally:
        await running.stop()


class Client:
    """Reads a stream, remembers the last id, and can come back with it."""

    def __init__(self, http: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> None:
        self._http = http
        self._path = path
        self._headers = headers
        self.last_id: str | None = None
        self.frames: list[Frame] = []
        self.raw = ""
        self.response: httpx2.Response | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def events(self) -> list[Frame]:
        return [frame for frame in self.frames if "seq" in frame.data]

    @property
    def seqs(self) -> list[int]:
        return [frame.data["seq"] for frame in self.events]

    def names(self) -> list[str]:
        return [frame.name for frame in self.frames]

    @property
    def ended(self) -> bool:
        return self._task is not None and self._task.done()

    async def open(self, **headers: str) -> "Client":
        """Returns with the first frame."""
        before = len(self.frames)
        self._task = asyncio.create_task(self._read(headers))
        await until(lambda: len(self.frames) > before or self.ended)
        return self

    async def drop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _read(self, headers: dict[str, str]) -> None:
        resume = {"Last-Event-ID": self.last_id} if self.last_id else {}
        block: list[str] = []
        async with self._http.stream(
            "GET", self._path, headers=self._headers | resume | headers
        ) as response:
            self.response = response
            async for line in response.aiter_lines():
                self.raw += line + "\n"
                if line:
                    block.append(line)
                elif frame := parse("\n".join(block)):
                    self.frames.append(frame)
                    self.last_id = frame.id or self.last_id
                if not line:
                    block.clear()
