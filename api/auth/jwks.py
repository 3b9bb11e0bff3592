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

logger = logging.getLogger(__name__)

ALGORITHMS = {"EC": "ES256", "RSA": "RS256"}
"""The one algorithm of each type of key; what a key itself says must agree."""

SHORTEST_RSA = 2048

TTL = 600.0
"""Seconds after which the keys are fetched again: the longest that a withdrawn key still counts."""

RETRY = 5.0
"""Seconds after a failed fetch, until one works."""

UNKNOWN_EVERY = 30.0
"""Seconds between two fetches because of a key that we do not know: made-up ones cost no more."""

FETCH_TIMEOUT = 2.0
"""Seconds that one fetch may take, whole."""

MAX_DOCUMENT = 64 * 1024


class Unusable(Exception):
    """What came back is no set of keys."""


class Jwks:
    """The keys of one issuer by their `kid`, fetched from where the settings say and nowhere else.

    A withdrawn key is refused from the next fetch on, TTL at the latest. While the issuer does not
    answer, or answers nonsense, the keys that are known go on counting, and unknown ones do not.
    """

    generation = 0
    """Raised by each change of the keys: what was verified before is to be verified again."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._published: object = None
        self._loaded = False
        self._looked = float("-inf")
        self._client = httpx2.AsyncClient(timeout=FETCH_TIMEOUT, follow_redirects=False)
        self._fetching: asyncio.Task[bool] | None = None
        self._looping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to fetch; does not wait for it, so that an outage holds up no start."""
        self._looping = asyncio.create_task(self._loop(), name="jwks")

    async def stop(self) -> None:
        for task in (self._looping, self._fetching):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await self._client.aclose()

    async def find(self, kid: str | None) -> PyJWK | None:
        """The key of that name, None where the issuer publishes none. Raises `unavailable` where
        no keys could be had since the start.
        """
        if kid is None:
            return None
        if kid not in self._keys and self._may_look():
            await self.refresh()
        if not self._loaded:
            raise _unavailable()
        return self._keys.get(kid)

    async def refresh(self) -> bool:
        """Fetches now, or joins the fetch that is under way, and says whether it brought keys.
        FETCH_TIMEOUT at most, and no error, whatever the issuer does.
        """
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch(), name="jwks-fetch")
        return await asyncio.shield(self._fetching)

    def _may_look(self) -> bool:
        """Whether an unknown key is worth waiting for: a fetch under way, or one that is due."""
        if self._fetching and not self._fetching.done():
            return True
        if self._clock() - self._looked < UNKNOWN_EVERY:
            return False
        self._looked = self._clock()
        return True

    async def _loop(self) -> None:
        while True:
            brought = await self.refresh()
            await asyncio.sleep(TTL if brought else RETRY)

    async def _fetch(self) -> bool:
        try:
            async with asyncio.timeout(FETCH_TIMEOUT):
                self._take(await self._download())
        except Exception as error:  # whatever is wrong over there, nothing of ours may end by it
            logger.warning(
                "cannot fetch the token issuer's keys: %s %s", type(error).__name__, error
            )
            return False
        return True

    async def _download(self) -> bytes:
        """The document. A redirect is not followed: it would be somebody else's word."""
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
    """A public key for signatures, of the algorithm that its own type allows."""
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
