"""The clock of one worker, which libfaketime sets; its monotonic clock goes on as it is."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib")
NAMES = ("*/faketime/libfaketime.so.1", "faketime/libfaketime.so.1")


@dataclass(frozen=True)
class Clock:
    worker: str
    file: Path
    """Holds the offset, such as `+30`; read again each second."""
    library: Path | None

    @property
    def missing(self) -> str | None:
        """Why the clock cannot be set; null if it can."""
        return None if self.library else "libfaketime is not installed: apt-get install faketime"

    @property
    def prefix(self) -> tuple[str, ...]:
        """Before the worker's command."""
        if self.library is None:
            return ()
        return (
            "env",
            f"LD_PRELOAD={self.library}",
            f"FAKETIME_TIMESTAMP_FILE={self.file}",
            "FAKETIME_CACHE_DURATION=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
        )

    @asynccontextmanager
    async def off(self, seconds: float) -> AsyncIterator[None]:
        """Steps the clock, and back at the end."""
        self.file.write_text(f"{seconds:+.0f}\n")
        try:
            yield
        finally:
            self.file.write_text("+0\n")


def clock(home: Path, worker: str, libraries: Sequence[str] = LIBRARIES) -> Clock:
    file = home / f"clock-of-{worker}"
    file.write_text("+0\n")
    file.chmod(0o644)
    found = (path for at in libraries for name in NAMES for path in Path(at).glob(name))
    return Clock(worker, file, next(found, None))
