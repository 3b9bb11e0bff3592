"""The official client, as somebody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from api.auth import development
from settings import Settings
from tests.support import HANG


@dataclass
class Caller:
    settings: Settings
    url: str

    def headers(self, role: str, name: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {development.token(self.settings, role, name)}"}

    @asynccontextmanager
    async def connected(
        self, role: str, name: str | None = None, mode: str = "auto"
    ) -> AsyncIterator[Client]:
        headers = self.headers(role, name)
        async with create_mcp_http_client(headers=headers) as http:
            transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client


PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def call(verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A call of a tool as a request."""
    params = {"name": verb, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


async def post(url: str, headers: dict[str, str], body: object = PING) -> httpx2.Response:
    """One request as the client of the older protocol sends it, without the client."""
    accept = {"Accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(base_url=url, timeout=HANG) as http:
        return await http.post("/mcp", json=body, headers=accept | headers)
