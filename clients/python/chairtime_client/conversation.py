"""The verbs of a conversation, for chatbots: `POST /api/chatbot/<verb>`."""

import asyncio
from types import TracebackType
from typing import Any

import httpx2

from chairtime_client.refused import Refused
from chairtime_client.tokens import Token, bearer, renew

TIMEOUT = 35.0
"""Seconds that one attempt may take: more than the longest wait of `get_booking`."""

REPEATS = (0.3, 1.0, 3.0)
"""Seconds before each repeat of a call whose outcome is unknown."""

PATIENCE = 5.0
"""Seconds of Retry-After that a repeat waits; beyond it the caller is told."""


class Conversation:
    """One person's conversation with a bot. `async with Conversation(…) as conversation`."""

    def __init__(
        self,
        base_url: str,
        token: Token | None,
        conversation_id: str,
        *,
        language: str | None = None,
        time_zone: str | None = None,
    ) -> None:
        """`token`: null for a visitor, who can only find slots."""
        named = {"language": language, "time_zone": time_zone}
        self._common = {"conversation_id": conversation_id} | {k: v for k, v in named.items() if v}
        self._token = token
        self._client = httpx2.AsyncClient(base_url=base_url, timeout=TIMEOUT)

    async def __aenter__(self) -> "Conversation":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def tool(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """What the verb answers: with `ok` true, or the refusal with `ok` false, `code`, `say` and
        `alternatives`. A call without an answer is repeated, which is safe within a conversation.
        Raises Refused for a refusal of the caller, httpx2.TransportError without any answer.
        """
        for pause in (*REPEATS, None):
            try:
                answer = await self._admitted(verb, self._common | arguments)
            except httpx2.TransportError:
                if pause is None:
                    raise
            else:
                after = _seconds(answer)
                unknown = answer.status_code >= 500 or answer.status_code == 429
                if not unknown or pause is None or after > PATIENCE:
                    return _document(answer)
                pause = max(pause, after)
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _admitted(self, verb: str, arguments: dict[str, Any]) -> httpx2.Response:
        """One attempt, or two where the token has to be renewed."""
        answer = await self._attempt(verb, arguments)
        token = self._token
        if answer.status_code == 401 and token is not None and not isinstance(token, str):
            renew(token)
            answer = await self._attempt(verb, arguments)
        return answer

    async def _attempt(self, verb: str, arguments: dict[str, Any]) -> httpx2.Response:
        token = self._token
        headers = {} if token is None else {"Authorization": f"Bearer {await bearer(token)}"}
        return await self._client.post(f"/api/chatbot/{verb}", json=arguments, headers=headers)


def _document(answer: httpx2.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if isinstance(document, dict) and "ok" in document:
        return document
    code = document.get("code") if isinstance(document, dict) else None
    raise Refused(answer.status_code, str(code or answer.reason_phrase))


def _seconds(answer: httpx2.Response) -> float:
    after = answer.headers.get("Retry-After", "")
    return float(after) if after.isdecimal() else 0.0
