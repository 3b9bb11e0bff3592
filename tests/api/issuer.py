"""An issuer as Supabase is one: it signs tokens, and publishes its keys on a port of its own."""

import asyncio
import json
import time
from types import TracebackType
from typing import Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from uuid_utils.compat import uuid7

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Issuer:
    """`async with Issuer() as issuer`; `asked` counts the fetches."""

    def __init__(self) -> None:
        self.keys: dict[str, Private] = {"first": ec.generate_private_key(ec.SECP256R1())}
        self.asked = 0
        self.answer: bytes | None = None
        self.status = "200 OK"
        self.was_asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/auth/v1"

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/.well-known/jwks.json"

    def document(self) -> bytes:
        return json.dumps({"keys": [jwk(kid, key) for kid, key in self.keys.items()]}).encode()

    def token(self, kid: str = "first", **claims: object) -> str:
        """As Supabase Auth signs it; None removes a claim."""
        key = self.keys[kid]
        return jwt.encode(self.claims(**claims), key, algorithm(key), headers={"kid": kid})

    def claims(self, **claims: object) -> dict[str, object]:
        return supabase_claims(self.url, **claims)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.answers.set()
        self._server.close()
        await self._server.wait_closed()

    async def go_away(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            self.was_asked.set()
            await self.answers.wait()
            body = self.document() if self.answer is None else self.answer
            lines = f"HTTP/1.1 {self.status}", f"Content-Length: {len(body)}", "Connection: close"
            writer.write("\r\n".join((*lines, "", "")).encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def supabase_claims(issuer: str, **claims: object) -> dict[str, object]:
    """The claims of a Supabase access token."""
    now = int(time.time())
    found = {
        "iss": issuer,
        "sub": str(uuid7()),
        "aud": "authenticated",
        "exp": now + 3600,
        "iat": now,
        "email": "ana@example.org",
        "phone": "",
        "app_metadata": {"provider": "email", "providers": ["email"], "role": "patient"},
        "user_metadata": {"email_verified": True, "role": "admin"},
        "role": "authenticated",
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": now}],
        "session_id": str(uuid7()),
        "is_anonymous": False,
    }
    return {name: value for name, value in (found | claims).items() if value is not None}


def algorithm(key: Private) -> str:
    return "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"


def jwk(kid: str, key: Private) -> dict[str, object]:
    maker = ECAlgorithm if algorithm(key) == "ES256" else RSAAlgorithm
    public = maker.to_jwk(key.public_key(), as_dict=True)
    named = {"alg": algorithm(key), "kid": kid, "use": "sig", "ext": True, "key_ops": ["verify"]}
    return public | named
