"""Who is calling: bearer tokens, verified against keys that the settings name, never against what a
token says.
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
from settings import Settings

REMEMBERED = 4096
"""How many verified tokens are remembered until they expire; a signature costs more than a look-up.
"""

SIGNATURES: Final = jwt.PyJWS()


class NotConfigured(RuntimeError):
    """The settings do not say whose tokens to accept."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The one key that all tokens are signed with: development's own, or the legacy secret."""

    key: PyJWK
    generation: int = 0

    async def find(self, kid: str | None) -> PyJWK | None:
        return self.key


@dataclass(frozen=True, slots=True)
class Verified:
    """Who a token speaks for, and until when (seconds since 1970, leeway included)."""

    actor: Actor
    expires: float
    generation: int = 0
    """Of the keys that it was verified by."""
    topics: frozenset[str] | None = None
    """What a ticket is for; null for a token, which is for all."""
    ticket: bytes | None = None
    """The hash of the ticket; null for a token."""


class Verifier:
    """Turns a bearer token into an actor. The keys decide the algorithm: each has one, and a token
    that claims another is refused.
    """

    def __init__(
        self,
        keys: Jwks | Fixed,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._known: dict[bytes, Verified] = {}

    @classmethod
    def of(cls, settings: Settings) -> "Verifier":
        """The verifier that the settings ask for. NotConfigured where they name no issuer."""
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
        """Keeps the keys fresh for as long as it is open."""
        if isinstance(self.keys, Fixed):
            yield
            return
        await self.keys.start()
        try:
            yield
        finally:
            await self.keys.stop()

    async def actor(self, token: str) -> Actor:
        """Raises `unauthenticated` for whatever is wrong with it, in the same words; `unavailable`
        where no keys could be had yet.
        """
        return (await self.verify(token)).actor

    async def verify(self, token: str) -> Verified:
        """The same, with the end of the token's validity."""
        known = self.known(token)
        if known:
            return known
        name = _hash(token)
        self._known.pop(name, None)
        verified = await self._verify(token)
        while len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[name] = verified
        return verified

    def known(self, token: str) -> Verified | None:
        """What a token says that was verified before and is still valid; null for others."""
        found = self._known.get(_hash(token))
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
        actor = Actor(Role(claims.app_metadata.role), claims.sub)
        return Verified(actor, claims.exp + tokens.LEEWAY, generation)


def unauthenticated() -> Problem:
    return Problem(
        "unauthenticated",
        "The token is missing, invalid or expired; send Authorization: Bearer <token>.",
        headers={"WWW-Authenticate": "Bearer"},
    )


async def caller(request: Request) -> Actor:
    """The actor of the request's `Authorization: Bearer` header. Raises what `bearer` raises."""
    return (await bearer(request)).actor


async def bearer(request: Request) -> Verified:
    """What the request's token says. Raises `unauthenticated`, or `unavailable` where tokens cannot
    be checked.
    """
    refused: Problem | None = request.scope.get("refused")
    if refused:  # before, where the rate limits are asked
        raise refused
    given = token(request)
    if given is None:
        raise unauthenticated()
    verifier: Verifier = request.app.state.verifier
    return await verifier.verify(given)


def token(request: Request) -> str | None:
    """The request's bearer token. Two headers are none: a proxy might have read the other one."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip(" ") if scheme.lower() == "bearer" else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _local(settings: Settings) -> Fixed:
    public = development.private_key(settings.development_key).public_key()
    return Fixed(PyJWK(ECAlgorithm.to_jwk(public, as_dict=True), "ES256"))


def _shared(secret: bytes) -> Fixed:
    return Fixed(PyJWK(HMACAlgorithm.to_jwk(secret, as_dict=True), "HS256"))
