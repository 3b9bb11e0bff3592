"""The built web app, in memory: a few files of some hundred kilobytes, served without a disk."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

DIST = Path(__file__).with_name("dist")
"""What `npm run build -w web` writes; it travels in the wheel."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""For files whose name has the hash of their content."""

FRESH = "no-cache"
"""Kept, but asked for again each time; an unchanged file is answered with 304."""

MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""By suffix. The system's own list differs between machines."""

COMPRESSED = ("text/", "application/json", "image/svg+xml")
SMALLEST = 1024
"""Bytes below which a file is not compressed."""


@dataclass(frozen=True)
class File:
    """A file as it is served."""

    content: bytes
    media_type: str
    cache_control: str

    @cached_property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes | None:
        """The content by gzip; null where that is not worth it."""
        if len(self.content) < SMALLEST or not self.media_type.startswith(COMPRESSED):
            return None
        return gzip.compress(self.content, compresslevel=9, mtime=0)


def read(directory: Path = DIST) -> dict[str, File]:
    """The files by their path in a URL; none where the web app has not been built."""
    return {
        f"/{path.relative_to(directory).as_posix()}": _file(path, directory)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _file(path: Path, directory: Path) -> File:
    hashed = path.is_relative_to(directory / "assets")
    media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    return File(path.read_bytes(), media_type, IMMUTABLE if hashed else FRESH)
