"""Header and claims of a token, as Supabase issues them, validated strictly."""

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

BY_MAIL = ("otp", "magiclink", "invite", "recovery", "email/signup")
"""Methods of `amr` that prove the e-mail address, of an account without a phone."""

COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""Three parts of base64url without padding, as every signed token has them."""

Instant = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""Seconds since 1970, as a JSON number."""


class Malformed(ValueError):
    """Not a token."""


class Header(BaseModel):
    """The algorithm must be that of the key. Keys in the token (jwk, x5c) and their addresses (jku,
    x5u) are not read, and a token with critical extensions (crit) is refused.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    alg: Literal["ES256", "RS256", "HS256"]
    kid: Annotated[str, Field(strict=True, max_length=256)] | None = None
    typ: Literal["JWT", "jwt", "at+jwt"] = "JWT"
    crit: None = None
    b64: None = None


class AppMetadata(BaseModel):
    """Only the issuer can write it; users can write `user_metadata`."""

    role: Literal["admin", "dentist", "desk", "patient", "agent"] = "patient"

    @property
    def names_role(self) -> bool:
        """If not, it is a patient, or whoever was invited with this e-mail address."""
        return "role" in self.model_fields_set


class Claims(BaseModel):
    """The claims that are used; Supabase's own `role` and `user_metadata` are not."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    iss: Annotated[str, Field(strict=True)]
    aud: Annotated[str, Field(strict=True)] | Annotated[list[str], Field(max_length=1)]
    sub: UUID
    exp: Instant
    iat: Instant
    nbf: Instant | None = None
    app_metadata: AppMetadata = AppMetadata()
    is_anonymous: Literal[False] = False
    email: object = None
    email_verified: object = None
    """Not in Supabase's own tokens; a hook of the project may add it."""
    phone: object = None
    amr: object = None
    """How the user signed in, written by the issuer: `[{"method": "otp", …}]`."""

    @property
    def verified_email(self) -> str | None:
        """The e-mail address, if the issuer says that it belongs to the user: by the claim
        `email_verified`, or by a sign-in with a link or code sent to it. `user_metadata` says so
        too, but users can write it. A code may have been sent to a phone, so it proves nothing
        where there is one.
        """
        if not isinstance(self.email, str) or not self.email or self.email_verified is False:
            return None
        entries = self.amr if isinstance(self.amr, list) else []
        methods = [each.get("method") if isinstance(each, dict) else each for each in entries]
        by_mail = not self.phone and any(method in BY_MAIL for method in methods)
        return self.email if self.email_verified is True or by_mail else None

    def addressed(self, issuer: str, audience: str) -> bool:
        """Whether it is from this issuer and for this audience only."""
        return self.iss == issuer and self.aud in (audience, [audience])

    def valid_at(self, now: float) -> bool:
        """Whether it has begun and has not expired, with LEEWAY."""
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
    """Refuses a name that occurs twice: other parsers may use the other value."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a name comes twice")
    return found
