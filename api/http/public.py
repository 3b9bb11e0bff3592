"""Answers that need no token: the same for all who send none, and cached for a moment."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from api.state import AppState
from domain.actors import Actor

TTL = 2.0
"""Seconds for which an answer to visitors without a token is cached."""

MOST_CACHED = 100
LARGEST_CACHED = 256 * 1024
"""Bytes of an answer that is cached beyond the requests that wait for it."""


async def shared(
    request: Request,
    state: AppState,
    caller: Actor | None,
    read: Callable[[], Awaitable[Response]],
) -> Response:
    """What `read` answers. Visitors without a token share one answer per URL, which an event of the
    board ends, so that who reloads after an event sees the change; callers with a token get a
    fresh one, as they must see their own changes.
    """
    if caller is not None:
        return await read()

    async def body() -> bytes:
        return bytes((await read()).body)

    key = f"{request.url.path}?{request.url.query}"
    found = await state.public_answers.get(key, body)
    if len(found) > LARGEST_CACHED:
        state.public_answers.drop(key)
    return Response(found, media_type="application/json")
