"""What `chairtime doctor` reports of one thing that it checked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    name: str
    ok: bool
    found: str
    remedy: str | None = None
    """What to do about it; may also be given where `ok` is true."""
