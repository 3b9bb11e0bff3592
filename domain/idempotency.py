"""Idempotency keys: a request is carried out once, however often it is sent."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Key:
    """A caller's `Idempotency-Key` at one route. The key itself is never stored, only its hash."""

    caller: UUID
    route: str
    """Method and path template."""
    hash: bytes
    """SHA-256 of the key."""
    fingerprint: bytes
    """SHA-256 of the key and the whole request, to distinguish a repeat from another request."""

    def packed(self) -> dict[str, str]:
        """As passed to the SQL functions in migrations/."""
        return {
            "caller": str(self.caller),
            "route": self.route,
            "key_hash": self.hash.hex(),
            "fingerprint": self.fingerprint.hex(),
        }
