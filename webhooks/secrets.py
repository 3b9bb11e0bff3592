"""Signing secrets. Each is an HMAC of a secret of the server, the endpoint's id and the secret's
number, so that none is stored in Postgres, and a rotation is a higher number.
"""

import base64
import hmac
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook

PREFIX = "whsec_"


class NoServerSecret(Exception):
    """WEBHOOK_SECRET is not set, so nothing can be signed."""


class SigningSecrets:
    def __init__(self, server_secret: bytes | None) -> None:
        self._server_secret = server_secret

    def of(self, endpoint_id: UUID, number: int) -> str:
        """A secret of an endpoint, in the form of Standard Webhooks. Raises NoServerSecret."""
        if self._server_secret is None:
            raise NoServerSecret
        named = b"webhook" + endpoint_id.bytes + number.to_bytes(4)
        return PREFIX + base64.b64encode(hmac.digest(self._server_secret, named, "sha256")).decode()

    def headers(
        self, id: UUID, endpoint_id: UUID, numbers: tuple[int, ...], body: str, now: datetime
    ) -> dict[str, str]:
        """The headers of Standard Webhooks, with one signature for each of these secrets; `now` is
        in UTC. Raises NoServerSecret.
        """
        signed = [Webhook(self.of(endpoint_id, number)) for number in numbers]
        return {
            "webhook-id": str(id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(each.sign(str(id), now, body) for each in signed),
        }
