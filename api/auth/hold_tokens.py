"""Secrets of a booking: the token that must be shown to change a hold, and the hash of what was
read to the person before they agreed.
"""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from uuid import UUID

from api.auth import development
from api.http.errors import Problem
from settings import Settings

logger = logging.getLogger(__name__)


class HoldTokens:
    """A token is an HMAC of a server secret and the booking's id, so that a repeated request gets
    the same one. Only its SHA-256 is stored, in Postgres.
    """

    def __init__(self, secret: bytes | None) -> None:
        self._secret = secret

    @classmethod
    def of_settings(cls, settings: Settings) -> "HoldTokens":
        """Development derives the secret from its key; production requires HOLD_TOKEN_SECRET."""
        if settings.hold_token_secret:
            return cls(settings.hold_token_secret.get_secret_value().encode())
        if settings.environment == "development":
            development.private_key(settings.development_key)  # creates the file
            return cls(hashlib.sha256(settings.development_key.read_bytes()).digest())
        logger.warning("HOLD_TOKEN_SECRET is not set: agents cannot hold or book")
        return cls(None)

    def of(self, booking_id: UUID) -> str:
        """Raises `forbidden` if the server has no secret."""
        return self._signed(b"hold_token" + booking_id.bytes)

    def proves(self, token: str, booking_id: UUID) -> bool:
        """Whether it is the token of this booking."""
        return hmac.compare_digest(token.encode(), self.of(booking_id).encode())

    def read_back_hash(self, language: str, facts: Mapping[str, object]) -> str:
        """The hash of what is read in this language, such as `en.K3j…`. Nobody without the secret
        can compute it, or guess from it what was read.
        """
        read = json.dumps([language, facts], sort_keys=True, default=str)
        return f"{language}.{self._signed(b'read_back' + read.encode())}"

    def conversation_hash(self, caller: object, conversation_id: str) -> bytes:
        """The hash of a conversation. Its id can be a phone number, so it is not stored."""
        return self._digest(f"conversation {caller} {conversation_id}".encode())

    def _signed(self, message: bytes) -> str:
        return base64.urlsafe_b64encode(self._digest(message)).rstrip(b"=").decode()

    def _digest(self, message: bytes) -> bytes:
        if self._secret is None:
            raise Problem(
                "forbidden",
                "Agents and conversations cannot book on this server; its operator must set"
                " HOLD_TOKEN_SECRET.",
            )
        return hmac.digest(self._secret, message, "sha256")
