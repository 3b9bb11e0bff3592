"""`chairtime mcp`: the tools over standard input and output, for programs on a person's machine.
Each call goes to an API.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR

from mcp_server import server
from mcp_server.tools import Document, ToolSpec

TIMEOUT = httpx2.Timeout(10, read=40)
"""Seconds; `get_booking` may wait for 25."""

UNREACHABLE = "Booking does not work at the moment; please try again shortly."
REFUSED = "I cannot do that at the moment."
TELL = "Tell the person that it does not work; `detail` says why, for whoever set this up."
AGAIN = "Repeat the same call after a second. It is safe: it has one effect."


class Refused(Exception):
    """The server cannot start; the text says why."""


class RestDoor:
    """Calls the verbs of an API as the owner of a token."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._http = httpx2.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def check(self) -> None:
        """Raises Refused if the API cannot be reached or does not accept the token."""
        try:
            answer = await self._http.get("/api/profiles/me")
        except httpx2.HTTPError as error:
            raise Refused(f"{self._url} cannot be reached ({type(error).__name__})") from None
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise Refused("CHAIRTIME_TOKEN is invalid or expired; set it to a new token")
        if answer.status_code == HTTPStatus.FORBIDDEN:
            raise Refused(f"CHAIRTIME_TOKEN gives no access: {_object(answer).get('detail')}")

    async def answer(self, verb: str, arguments: Mapping[str, Any]) -> Document:
        """What the API answers. If it does not answer, a refusal that says so."""
        try:
            # also NaN, which the API refuses with a reason
            content = json.dumps(arguments)
            answer = await self._http.post(f"/api/chatbot/{verb}", content=content)
        except httpx2.HTTPError as error:
            why = f"The API cannot be reached ({type(error).__name__}); repeat the call."
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, why)
        found = _object(answer)
        if "ok" in found:
            return found
        if "code" in found:  # refused before the verb was reached
            return {"ok": False, "say": REFUSED, "alternatives": [], "next_step": TELL, **found}
        why = f"The API answered {answer.status_code} without a document; check CHAIRTIME_URL."
        return _refusal(answer.status_code, why)

    def report(self, error: Exception) -> MCPError:
        print(f"chairtime mcp: {type(error).__name__}", file=sys.stderr)  # noqa: T201
        return MCPError(INTERNAL_ERROR, "Internal error of `chairtime mcp`.")


async def serve(specs: Sequence[ToolSpec], version: str) -> None:
    """Serves until standard input ends. Raises Refused."""
    async with RestDoor(*_target()) as door:
        await door.check()
        served = server.create(specs, lambda _: door, version)
        async with stdio_server() as (read, write):
            await served.run(read, write, served.create_initialization_options())


def _target() -> tuple[str, str]:
    """The API's address and a token, from the environment. Raises Refused."""
    url = os.environ.get("CHAIRTIME_URL", "").rstrip("/")
    token = os.environ.get("CHAIRTIME_TOKEN", "").strip()
    if not url:
        raise Refused("set CHAIRTIME_URL to the API's address, such as http://127.0.0.1:8000")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise Refused("CHAIRTIME_URL must be an address such as https://api.example")
    if not token:
        raise Refused("set CHAIRTIME_TOKEN to a token of the person or agent to book as")
    if not token.isascii() or not token.isprintable():
        raise Refused("CHAIRTIME_TOKEN is not a token; copy it again")
    return url, token


def _object(answer: httpx2.Response) -> Document:
    """The JSON object in an answer; empty if there is none."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(status: int, detail: str) -> Document:
    return {
        "ok": False,
        "type": "about:blank",
        "title": "Unavailable",
        "status": int(status),
        "detail": detail,
        "code": "unavailable",
        "say": UNREACHABLE,
        "alternatives": [],
        "next_step": AGAIN,
    }
