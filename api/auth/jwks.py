"""The keys that an issuer publishes (JWKS): fetched in advance, kept during an outage."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Mapping

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK

from api.http.errors import Problem
from db.outages import OutageLog

logger = logging.getLogger(__name__)

ALGORITHMS = {"EC": "ES256", "RSA": "RS256"}
"""The only algorithm of each key type; a key whose `alg` differs is ignored."""

SHORTEST_RSA = 2048

TTL = 600.0
"""Seconds after which the keys are fetched again. A withdrawn key is accepted that long at most."""

RETRY = 5.0
"""Seconds until a failed fetch is retried."""

UNKNOWN_EVERY = 30.0
"""Seconds between two fetches for an unknown key id, so that invented ids cause few fetches."""

FETCH_TIMEOUT = 2.0
"""Time-out of a whole fetch in seconds."""

MAX_DOCUMENT = 64 * 1024


class Unusable(Exception):
    """The document is not a set of keys, or a key cannot be used."""


class Jwks:
    """The keys of one issuer by their `kid`, fetched only from the URL of the settings.

    A withdrawn key is refused after the next fetch, within TTL. While the issuer is unavailable or
    its document is invalid, the keys fetched before remain valid and unknown ones are refused.
    """

    generation = 0
    """Incremented when the keys change; tokens verified before must be verified again."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._published: object = None
        self._loaded = False
        self._last_lookup = float("-inf")
        self._client = httpx2.AsyncClient(timeout=FETCH_TIMEOUT, follow_redirects=False)
        self._fetching: asyncio.Task[bool] | None = None
        self._looping: asyncio.Task[None] | None = None
        self._outage = OutageLog(logger, "cannot fetch the token issuer's keys")

    async def start(self) -> None:
        """Starts to fetch without waiting, so that an outage of the issuer does not delay the
        start.
        """
        self._looping = asyncio.create_task(self._loop(), name="jwks")

    async def stop(self) -> None:
        for task in (self._looping, self._fetching):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await self._client.aclose()

    async def find(self, kid: str | None) -> PyJWK | None:
        """The key with this id; null if the issuer does not publish it. Raises `unavailable` while
        no keys have been fetched.
        """
        if kid is None:
            return None
        if kid not in self._keys and self._may_fetch():
            await self.refresh()
        if not self._loaded:
            raise _unavailable()
        return self._keys.get(kid)

    async def refresh(self) -> bool:
        """Fetches now, or joins the running fetch, and returns whether it succeeded. Takes
        FETCH_TIMEOUT at most and raises nothing.
        """
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch(), name="jwks-fetch")
        return await asyncio.shield(self._fetching)

    def _may_fetch(self) -> bool:
        """Whether to fetch for an unknown key id: a fetch is running, or the last is long ago."""
        if self._fetching and not self._fetching.done():
            return True
        if self._clock() - self._last_lookup < UNKNOWN_EVERY:
            return False
        self._last_lookup = self._clock()
        return True

    async def _loop(self) -> None:
        while True:
            fetched = await self.refresh()
            await asyncio.sleep(TTL if fetched else RETRY)

    async def _fetch(self) -> bool:
        try:
            async with asyncio.timeout(FETCH_TIMEOUT):
                self._take(await self._download())
        except Exception as error:  # an error of the issuer must not end the loop
            self._outage.failed(f"{type(error).__name__} {error}")
            return False
        self._outage.worked()
        return True

    async def _download(self) -> bytes:
        """The document. Redirects are not followed: only the URL of the settings is trusted."""
        async with self._client.stream("GET", self._url) as answer:
            if answer.status_code != 200:
                raise Unusable(f"status {answer.status_code}")
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MAX_DOCUMENT:
                    raise Unusable(f"larger than {MAX_DOCUMENT} bytes")
            return bytes(body)

    def _take(self, document: bytes) -> None:
        published = _parse(document)
        if published == self._published:
            return
        self._keys = _usable(published)
        self._published = published
        self._loaded = True
        self.generation += 1
        logger.info("keys of the token issuer: %d", len(self._keys))


def _parse(document: bytes) -> list[object]:
    try:
        keys = json.loads(document)["keys"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise Unusable("not a JSON object with `keys`") from None
    if not isinstance(keys, list):
        raise Unusable("`keys` is not a list")
    return keys


def _usable(published: list[object]) -> dict[str, PyJWK]:
    found = {}
    for entry in published:
        try:
            kid, key = _key(entry)
        except (jwt.PyJWTError, Unusable, ValueError, TypeError, AttributeError) as error:
            logger.warning("ignoring an unusable published key: %s", type(error).__name__)
        else:
            found[kid] = key
    return found


def _key(entry: object) -> tuple[str, PyJWK]:
    """A public signature key with its id. Raises Unusable for any other key."""
    if not isinstance(entry, dict) or "d" in entry or entry.get("use", "sig") != "sig":
        raise Unusable
    if "verify" not in entry.get("key_ops", ["verify"]):
        raise Unusable
    kid, algorithm = entry.get("kid"), ALGORITHMS.get(str(entry.get("kty")))
    if not isinstance(kid, str) or algorithm is None or entry.get("alg", algorithm) != algorithm:
        raise Unusable
    if algorithm == "ES256" and entry.get("crv") != "P-256":
        raise Unusable
    key = PyJWK(entry, algorithm)
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < SHORTEST_RSA:
        raise Unusable
    return kid, key


def _unavailable() -> Problem:
    return Problem(
        "unavailable",
        "The token issuer is unavailable; retry after Retry-After.",
        headers={"Retry-After": str(round(RETRY))},
    )
