"""Who is calling: bearer tokens, verified with keys from the settings, never with keys that a token
names.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import jwt
from fastapi import Request
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm, HMACAlgorithm

from api.auth import development, tokens
from api.auth.jwks import Jwks
from api.http.errors import Problem
from domain.actors import Actor, Role
from services.cache import Cache
from settings import Settings

CACHED = 4096
"""Verified tokens that are cached, because checking a signature takes longer than a look-up."""

CACHE_SECONDS = 3600.0

SIGNATURES: Final = jwt.PyJWS()


class NotConfigured(RuntimeError):
    """No token issuer is configured."""


@dataclass(frozen=True, slots=True)
class FixedKey:
    """The only key of an issuer: that of development, or the legacy secret."""

    key: PyJWK
    generation: int = 0

    async def find(self, kid: str | None) -> PyJWK | None:
        return self.key


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token or ticket says: the caller, and its end in seconds since 1970."""

    actor: Actor
    expires: float
    generation: int = 0
    """That of the keys when the token was verified."""
    topics: frozenset[str] | None = None
    """The topics of a ticket; null for a token, which allows all topics."""
    ticket: bytes | None = None
    """The hash of the ticket; null for a token."""
    names_role: bool = True
    """Whether the token names the actor's role; if not, they are a patient or were invited."""
    email: str | None = None
    """Verified by the issuer."""


class Verifier:
    """Verifies bearer tokens. Each key has one algorithm; a token that names another is refused."""

    def __init__(
        self,
        keys: Jwks | FixedKey,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._cache = Cache[bytes, Verified](CACHE_SECONDS, CACHED)

    @classmethod
    def of(cls, settings: Settings) -> "Verifier":
        """The verifier of the settings. Raises NotConfigured if they name no issuer."""
        if settings.jwt_issuer and settings.jwt_secret:
            secret = settings.jwt_secret.get_secret_value().encode()
            return cls(_shared(secret), settings.jwt_issuer, settings.jwt_audience)
        if settings.jwt_issuer:
            return cls(Jwks(settings.keys_url), settings.jwt_issuer, settings.jwt_audience)
        if settings.environment == "development":
            return cls(_local(settings), development.ISSUER, development.AUDIENCE)
        raise NotConfigured(
            "no token issuer is configured: set JWT_ISSUER, for instance to"
            " https://REF.supabase.co/auth/v1 (only ENVIRONMENT=development has a local one)"
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fetches the keys regularly while the context is open."""
        if isinstance(self.keys, FixedKey):
            yield
            return
        await self.keys.start()
        try:
            yield
        finally:
            await self.keys.stop()

    async def verify(self, token: str) -> Verified:
        """What the token says. Raises `unauthenticated`, with the same text whatever is wrong, and
        `unavailable` while no keys have been fetched.
        """
        if cached := self.cached(token):
            return cached
        verified = await self._verify(token)
        self._cache.put(_hash(token), verified)
        return verified

    def cached(self, token: str) -> Verified | None:
        """The same for a token that was verified before and is still valid; null for all others."""
        found = self._cache.peek(_hash(token))
        if found and found.expires > self._clock() and found.generation == self.keys.generation:
            return found
        return None

    async def _verify(self, token: str) -> Verified:
        try:
            key = await self.keys.find(tokens.header(token).kid)
            if key is None:
                raise unauthenticated()
            generation = self.keys.generation
            signed = SIGNATURES.decode_complete(token, key, [key.algorithm_name])
            claims = tokens.claims(signed["payload"])
        except (jwt.PyJWTError, ValueError):
            raise unauthenticated() from None
        if not claims.addressed(self._issuer, self._audience) or not claims.valid_at(self._clock()):
            raise unauthenticated()
        return Verified(
            Actor(Role(claims.app_metadata.role), claims.sub),
            claims.exp + tokens.LEEWAY,
            generation,
            names_role=claims.app_metadata.names_role,
            email=claims.verified_email,
        )


def unauthenticated() -> Problem:
    return Problem(
        "unauthenticated",
        "The token is missing, invalid or expired; send Authorization: Bearer <token>.",
        headers={"WWW-Authenticate": "Bearer"},
    )


async def caller(request: Request) -> Actor:
    """The actor of the request's bearer token. Raises what `bearer` raises."""
    return (await bearer(request)).actor


async def bearer(request: Request) -> Verified:
    """What the request's token says. Raises `unauthenticated`, and `unavailable` while no keys have
    been fetched.
    """
    refused: Problem | None = request.scope.get("refused")
    if refused:  # by the middleware Admission
        raise refused
    given = token(request)
    if given is None:
        raise unauthenticated()
    verifier: Verifier = request.app.state.verifier
    return await verifier.verify(given)


def token(request: Request) -> str | None:
    """The request's bearer token. Two headers count as none: a proxy may have read the other."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip(" ") if scheme.lower() == "bearer" else None


def is_anonymous(request: Request) -> bool:
    """Whether the request has no `Authorization` at all."""
    return "authorization" not in request.headers


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _local(settings: Settings) -> FixedKey:
    public = development.private_key(settings.development_key).public_key()
    return FixedKey(PyJWK(ECAlgorithm.to_jwk(public, as_dict=True), "ES256"))


def _shared(secret: bytes) -> FixedKey:
    return FixedKey(PyJWK(HMACAlgorithm.to_jwk(secret, as_dict=True), "HS256"))
