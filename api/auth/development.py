"""The local token issuer for development: an ES256 key of this checkout, and tokens like those of
Supabase.
"""

import os
import time
from pathlib import Path
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from db.demo import person_id
from settings import Settings

ISSUER = "chairtime-development"
AUDIENCE = "authenticated"
LIFETIME = 12 * 3600

NAMES = {
    "admin": "admin",
    "dentist": "amara",
    "desk": "greta",
    "patient": "ana",
    "agent": "chatbot",
}
"""The default person of each role; all are in the demo data."""


def token(settings: Settings, role: str, name: str | None = None, lifetime: int = LIFETIME) -> str:
    """A token for a role and a name; the same pair is the same person. Raises PermissionError in
    production.
    """
    if settings.environment != "development":
        raise PermissionError(
            "tokens can be issued only in development; set ENVIRONMENT=development"
        )
    subject = person_id(role, name or NAMES[role])
    return sign(private_key(settings.development_key), subject, role, lifetime)


def sign(key: ec.EllipticCurvePrivateKey, subject: UUID, role: str, lifetime: int) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(subject),
        "iat": now,
        "exp": now + lifetime,
        "role": "authenticated",
        "app_metadata": {"role": role},
    }
    return jwt.encode(claims, key, algorithm="ES256")


def private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key of this checkout, created on first use and readable by its owner only."""
    if not path.exists():
        _write_new(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is not an EC key")
    return key


def _write_new(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(pem)
    try:
        os.link(draft, path)  # atomic; of two processes the first one wins
    except FileExistsError:
        pass
    finally:
        draft.unlink()
