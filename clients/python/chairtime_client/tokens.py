"""Bearer tokens: given ones, and those that Supabase issues to a service."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import httpx2

MARGIN = 60.0
"""Seconds before its end at which a token is renewed."""

TIMEOUT = 10.0
"""Seconds that the issuer may take."""

Token: TypeAlias = str | Callable[[], Awaitable[str]]
"""A bearer token, or a function that fetches one before each connection."""


class SignInRefused(Exception):
    """The issuer does not accept e-mail and password; retrying will not help."""


class SupabaseToken:
    """The token of a user of a Supabase project. Signs in with a password, refreshes the session
    before it ends, and signs in again if the session is over. Share one between all calls and
    streams: each refresh token is good for one use.
    """

    def __init__(self, url: str, key: str, email: str, password: str) -> None:
        """`url`: https://REF.supabase.co; `key`: the project's publishable (anon) key."""
        self._url, self._key = url.rstrip("/"), key
        self._credentials = {"email": email, "password": password}
        self._session: dict[str, Any] | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def __call__(self) -> str:
        async with self._lock:
            if self._session is None or time.monotonic() >= self._until:
                self._session = await self._renewed()
                self._until = time.monotonic() + float(self._session["expires_in"]) - MARGIN
            return str(self._session["access_token"])

    def renew(self) -> None:
        """The next call fetches a new token, as the last one was refused."""
        self._until = 0.0

    async def _renewed(self) -> dict[str, Any]:
        if self._session is not None:
            refreshed = await self._ask(
                "refresh_token", {"refresh_token": self._session["refresh_token"]}
            )
            if refreshed is not None:
                return refreshed
        signed_in = await self._ask("password", self._credentials)
        if signed_in is None:
            raise SignInRefused(f"{self._url} refuses the e-mail or the password of the service")
        return signed_in

    async def _ask(self, grant: str, body: dict[str, str]) -> dict[str, Any] | None:
        """The session; null if refused. Raises httpx2.HTTPError if the issuer does not answer."""
        path = f"/auth/v1/token?grant_type={grant}"
        async with httpx2.AsyncClient(base_url=self._url, timeout=TIMEOUT) as client:
            answer = await client.post(path, json=body, headers={"apikey": self._key})
        if answer.status_code in (400, 401, 403, 404, 422):
            return None
        answer.raise_for_status()
        session: dict[str, Any] = answer.json()
        return session


async def bearer(token: Token) -> str:
    return token if isinstance(token, str) else await token()


def renew(token: Token) -> None:
    """Makes a SupabaseToken fetch another token; other functions decide that themselves."""
    if isinstance(token, SupabaseToken):
        token.renew()
