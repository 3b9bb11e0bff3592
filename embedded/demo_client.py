"""A client of the public API that prints each request with its answer."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
from rich.console import Console
from rich.markup import escape

from embedded.event_waiter import UnexpectedBehaviour

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    seconds: float

    @property
    def summary(self) -> str:
        """The status of a booking, or the code of a problem."""
        if not isinstance(self.body, dict):
            return f"{len(self.body)} items"
        return str(self.body.get("code") or self.body.get("status"))


class DemoClient:
    """`headers` authenticate the client; `name` is printed with its requests."""

    def __init__(
        self, client: httpx2.AsyncClient, headers: dict[str, str], name: str, console: Console
    ) -> None:
        self._client = client
        self._headers = headers
        self._console = console
        self.name = name

    async def change(
        self, to: str, method: str, path: str, body: Json | None = None, status: int = 200
    ) -> Json:
        """Sends a request that must answer with this status and a booking in the state `to`."""
        return expect(await self.send(method, path, body), status, to)

    async def send(self, method: str, path: str, body: Json | None = None) -> Answer:
        """Sends one request and prints it. A POST gets an Idempotency-Key, as every client should
        send.
        """
        key = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        started = time.perf_counter()
        response = await self._client.request(
            method, path, json=body, headers=self._headers | key, timeout=10
        )
        answer = Answer(response.status_code, response.json(), time.perf_counter() - started)
        self._print(method, path, answer)
        return answer

    async def read(self, path: str) -> Any:
        """The JSON body of a GET, without printing it. Raises UnexpectedBehaviour."""
        response = await self._client.get(path, headers=self._headers, timeout=10)
        if response.status_code != 200:
            raise UnexpectedBehaviour(
                f"GET {path} answers {response.status_code}: {response.text[:300]}"
            )
        return response.json()

    def _print(self, method: str, path: str, answer: Answer) -> None:
        colour = "green" if answer.status < 300 else "yellow"
        request = f"{method} {_short(path)}"
        self._console.print(
            f"   → {self.name:<10}{escape(request):<40} "
            f"[{colour}]{answer.status} {answer.summary:<16}[/] {answer.seconds * 1000:>6.1f} ms",
            soft_wrap=True,
        )


def expect(answer: Answer, status: int, summary: str) -> Json:
    """The answer's body. Raises UnexpectedBehaviour unless status and summary are as given."""
    if (answer.status, answer.summary) != (status, summary):
        detail = answer.body.get("detail", "") if isinstance(answer.body, dict) else ""
        raise UnexpectedBehaviour(
            f"expected {status} {summary}, got {answer.status} {answer.summary}. {detail}"
        )
    body: Json = answer.body
    return body


def at(slot: Json) -> str:
    """The start of a slot in the clinic's time zone, for display."""
    return f"{datetime.fromisoformat(slot['starts_at']):%a %d %b %H:%M}"


def _short(path: str) -> str:
    """The path with each id cut to its last characters, where ids differ."""
    return "/".join(f"…{part[-6:]}" if len(part) == 36 else part for part in path.split("/"))
