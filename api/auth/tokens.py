"""What a token says: its header and its claims, as Supabase issues them, judged strictly."""

import base64
import json
import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MAX_TOKEN = 8192
"""Characters of a token."""

LEEWAY = 5
"""Seconds by which the issuer's clock and ours may differ."""

COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""Three parts of base64url without padding; anything else is no signed token."""

Instant = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""Seconds since 1970, as a number; a string of digits is none."""


class Malformed(ValueError):
    """Not a token that we could judge."""


class Header(BaseModel):
    """The algorithm is compared with that of the key, never followed; where keys lie (jku, x5u) or
    what they are (jwk, x5c) is not even read. Extensions that must be understood are not.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    alg: Literal["ES256", "RS256", "HS256"]
    kid: Annotated[str, Field(strict=True, max_length=256)] | None = None
    typ: Literal["JWT", "jwt", "at+jwt"] = "JWT"
    crit: None = None
    b64: None = None


class AppMetadata(BaseModel):
    """What only the issuer can write, other than `user_metadata`."""

    role: Literal["admin", "dentist", "patient", "agent"] = "patient"


class Claims(BaseModel):
    """Supabase's own `role` and `user_metadata` are not read."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    iss: Annotated[str, Field(strict=True)]
    aud: Annotated[str, Field(strict=True)] | Annotated[list[str], Field(max_length=1)]
    sub: UUID
    exp: Instant
    iat: Instant
    nbf: Instant | None = None
    app_metadata: AppMetadata = AppMetadata()
    is_anonymous: Literal[False] = False

    def addressed(self, issuer: str, audience: str) -> bool:
        """Whether this issuer made it, for this audience alone."""
        return self.iss == issuer and self.aud in (audience, [audience])

    def valid_at(self, now: float) -> bool:
        """Whether it has begun and has not ended, by a clock that may differ by LEEWAY."""
        begun = max(self.iat, self.nbf if self.nbf is not None else self.iat)
        return begun <= now + LEEWAY and self.exp > now - LEEWAY


def header(token: str) -> Header:
    """The header of a token, unverified. Raises ValueError (Malformed, or pydantic's own)."""
    if len(token) > MAX_TOKEN or not COMPACT.fullmatch(token):
        raise Malformed("not three parts of base64url")
    first = token[: token.index(".")]
    return Header.model_validate(_object(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4))))


def claims(payload: bytes) -> Claims:
    """The claims of a verified token. Raises ValueError (Malformed, or pydantic's own)."""
    return Claims.model_validate(_object(payload))


def _object(text: bytes) -> dict[str, object]:
    try:
        found = json.loads(text, object_pairs_hook=_unique)
    except RecursionError:
        raise Malformed("nested too deeply") from None
    if not isinstance(found, dict):
        raise Malformed("no JSON object")
    return found


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two claims of one name could mean one thing to us and another to somebody else."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a name comes twice")
    return found
