"""What the TypeScript client's tests may ask of the stack that they run against, over HTTP."""

import asyncio
import contextlib
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Mapping
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from api.auth import development
from db.demo import person_id
from embedded import ports
from settings import Settings
from tests.acceptance.clinic import LONG, Clinic


class Control:
    """`POST /<command>?<parameters>` answers with JSON."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic

    async def person(self, role: str, name: str = "") -> Mapping[str, str]:
        """Somebody whom the API knows; without a name a patient who was never here."""
        name = name or (self._clinic.patient() if role == "patient" else "")
        named = name or {"admin": "admin", "dentist": "amara"}[role]
        token = self._clinic.token(role, named)
        await self._clinic.call("GET", "/api/profiles/me", role, named)
        return {"id": str(person_id(role, named)), "role": role, "name": named, "token": token}

    async def short_token(self, name: str, seconds: str) -> str:
        """A patient's token that is good for so long."""
        home = self._clinic.premises.home
        settings = Settings(environment="development", chairtime_home=home, _env_file=None)
        return development.token(settings, "patient", name, int(seconds))

    async def restore(self) -> None:
        """The log of events begins another life, as after the database was restored."""
        await self._clinic.pool.execute("update realtime_epoch set epoch = $1", token_hex(6))

    async def kill(self) -> None:
        """kill -9 of the API with all its connections."""
        self._clinic.premises.one.kill()

    async def start(self) -> None:
        await self._clinic.premises.one.start()

    async def slot(self) -> Mapping[str, str]:
        """A slot that nobody has had, of a type that is held for long."""
        slot = self._clinic.slot()
        return {
            "dentistId": str(slot.dentist),
            "startsAt": slot.starts_at.isoformat(),
            "appointmentType": await self._clinic.visit(LONG),
        }

    async def visit(self, seconds: str) -> str:
        """A type that is held for so many seconds."""
        return await self._clinic.visit(float(seconds))


@contextlib.asynccontextmanager
async def serving(control: Control) -> AsyncIterator[str]:
    """The address at which the control listens."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        target = (await reader.readline()).split()[1].decode()
        while (await reader.readline()).strip():
            pass
        parts = urlsplit(target)
        command = getattr(control, parts.path.removeprefix("/"))
        try:
            status, result = "200 OK", await command(**dict(parse_qsl(parts.query)))
        except Exception as error:
            status, result = "500 Failed", repr(error)
        await _send(writer, status, result)

    server = await asyncio.start_server(answer, ports.HOST, 0)
    async with server:
        yield f"http://{ports.HOST}:{server.sockets[0].getsockname()[1]}"


async def _send(writer: StreamWriter, status: str, result: Any) -> None:
    body = json.dumps(result).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()
