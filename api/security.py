"""Who is calling: bearer tokens, verified against keys that the settings name, never against what a
token says.
"""

import time
from dataclasses import dataclass
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from fastapi import Request

from api import development
from api.errors import Problem
from domain.actors import Actor, Role
from settings import Settings

ROLES = frozenset({Role.ADMIN, Role.DENTIST, Role.PATIENT, Role.AGENT})
MAX_TOKEN = 8192
LEEWAY = 5
REMEMBERED = 4096
"""How many verified tokens are remembered until they expire; a signature costs more than a look-up.
"""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Turns a bearer token into an actor, or raises `unauthenticated`."""

    key: EllipticCurvePublicKey
    issuer: str
    _known: dict[str, tuple[float, Actor]]

    @classmethod
    def of(cls, settings: Settings) -> "Verifier":
        """The verifier that the settings ask for. RuntimeError where they name no issuer."""
        if settings.environment != "development":
            raise RuntimeError(
                "no token issuer is configured; only ENVIRONMENT=development has a local one"
            )
        key = development.private_key(settings.development_key).public_key()
        return cls(key, development.ISSUER, {})

    def actor(self, token: str) -> Actor:
        known = self._known.get(token)
        if known and known[0] > time.time():
            return known[1]
        expires, actor = self._verify(token)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[token] = (expires, actor)
        return actor

    def _verify(self, token: str) -> tuple[float, Actor]:
        if len(token) > MAX_TOKEN:
            raise unauthenticated()
        try:
            claims = jwt.decode(
                token,
                self.key,
                algorithms=["ES256"],
                issuer=self.issuer,
                audience=development.AUDIENCE,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
            role = Role((claims.get("app_metadata") or {}).get("role", "patient"))
            actor = Actor(role, UUID(claims["sub"]))
        except (jwt.InvalidTokenError, ValueError, AttributeError, TypeError):
            raise unauthenticated() from None
        if actor.role not in ROLES:
            raise unauthenticated()
        return float(claims["exp"]) + LEEWAY, actor


def unauthenticated() -> Problem:
    return Problem(
        "unauthenticated",
        "A valid bearer token is needed.",
        headers={"WWW-Authenticate": "Bearer"},
    )


async def caller(request: Request) -> Actor:
    """The actor of the request's `Authorization: Bearer` header. Raises `unauthenticated`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated()
    verifier: Verifier = request.app.state.verifier
    return verifier.actor(token.strip())
