"""One caller of the public API: each request, and what came of it, is a line of the story."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
from rich.console import Console
from rich.markup import escape

from embedded.watcher import NotAsPromised

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    seconds: float

    @property
    def what(self) -> str:
        """In a word: the status of a booking, or the code of a problem."""
        if not isinstance(self.body, dict):
            return f"{len(self.body)} items"
        return str(self.body.get("code") or self.body.get("status"))


class Caller:
    """`headers` say who it is; `name` is what the story calls them."""

    def __init__(
        self, client: httpx2.AsyncClient, headers: dict[str, str], name: str, console: Console
    ) -> None:
        self._client = client
        self._headers = headers
        self._console = console
        self.name = name

    async def hold(self, slot: Json, appointment_type: str) -> Answer:
        """Asks for a slot; whatever the answer is."""
        return await self.send("POST", "/api/availability/reserve", _body(slot, appointment_type))

    async def book(self, slot: Json, appointment_type: str) -> Json:
        """Books at once, without a hold of its own."""
        answer = await self.send("POST", "/api/appointments", _body(slot, appointment_type))
        return expect(answer, 201, "booked")

    async def confirm(self, booking: Json) -> Json:
        answer = await self.send("POST", f"/api/appointments/{booking['id']}/confirm")
        return expect(answer, 200, "booked")

    async def release(self, booking: Json) -> Json:
        answer = await self.send("DELETE", f"/api/availability/reserve/{booking['id']}")
        return expect(answer, 200, "released")

    async def cancel(self, booking: Json, reason: str) -> Json:
        path = f"/api/appointments/{booking['id']}/cancel"
        return expect(await self.send("POST", path, {"reason": reason}), 200, "cancelled")

    async def send(self, method: str, path: str, body: Json | None = None) -> Answer:
        """One request; a POST has an Idempotency-Key, as each client should send."""
        key = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        started = time.perf_counter()
        response = await self._client.request(
            method, path, json=body, headers=self._headers | key, timeout=10
        )
        answer = Answer(response.status_code, response.json(), time.perf_counter() - started)
        self._say(method, path, answer)
        return answer

    async def read(self, path: str) -> Any:
        """What stands there; no line of the story. Raises NotAsPromised."""
        response = await self._client.get(path, headers=self._headers, timeout=10)
        if response.status_code != 200:
            raise NotAsPromised(f"GET {path} answers {response.status_code}: {response.text[:300]}")
        return response.json()

    def _say(self, method: str, path: str, answer: Answer) -> None:
        colour = "green" if answer.status < 300 else "yellow"
        request = f"{method} {_short(path)}"
        self._console.print(
            f"   → {self.name:<10}{escape(request):<40} "
            f"[{colour}]{answer.status} {answer.what:<16}[/] {answer.seconds * 1000:>6.1f} ms",
            soft_wrap=True,
        )


def expect(answer: Answer, status: int, what: str) -> Json:
    """The answer's body, if it is what was promised. Raises NotAsPromised."""
    if (answer.status, answer.what) != (status, what):
        detail = answer.body.get("detail", "") if isinstance(answer.body, dict) else ""
        raise NotAsPromised(
            f"the answer should be {status} {what}, but is {answer.status} {answer.what}. {detail}"
        )
    body: Json = answer.body
    return body


def at(slot: Json) -> str:
    """When a slot begins, on the clinic's clock."""
    return f"{datetime.fromisoformat(slot['starts_at']):%a %d %b %H:%M}"


def _body(slot: Json, appointment_type: str) -> Json:
    return {
        "dentist_id": slot["dentist_id"],
        "starts_at": slot["starts_at"],
        "appointment_type": appointment_type,
    }


def _short(path: str) -> str:
    """Ids cut to their end, which is where two of them differ."""
    return "/".join(f"…{part[-6:]}" if len(part) == 36 else part for part in path.split("/"))
