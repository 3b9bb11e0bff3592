"""The `chairtime` command, run as an operator runs it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
NOWHERE = "127.0.0.1:9"
"""An address at which no Temporal listens."""


async def chairtime(*arguments: str, dsn: str, temporal: str = NOWHERE) -> tuple[int, str]:
    """The exit code, and what was printed."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cli", *arguments],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": dsn, "TEMPORAL_ADDRESS": temporal},
    )
    return done.returncode, done.stdout + done.stderr
