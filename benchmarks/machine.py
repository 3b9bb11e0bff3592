"""Describes the machine that the figures come from."""

import importlib.metadata
import os
import platform
import subprocess
import tempfile
import time
from pathlib import Path

import asyncpg

from benchmarks.figures import percentile

PACKAGES = ("asyncpg", "fastapi", "pydantic", "temporalio", "uvicorn", "uvloop", "sse-starlette")
SETTINGS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
WRITES = 200


def facts() -> dict[str, object]:
    """Cores, processor, memory, kernel, versions and commit."""
    return {
        "cores": os.cpu_count(),
        "processor": _proc("/proc/cpuinfo", "model name") or platform.processor(),
        "memory": _proc("/proc/meminfo", "MemTotal"),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "commit": _git("rev-parse", "--short", "HEAD"),
        "edited": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


async def postgres(connection: asyncpg.Connection) -> dict[str, str]:
    return {name: await connection.fetchval(f"show {name}") for name in SETTINGS}


def load() -> list[float]:
    """The load averages of 1, 5 and 15 minutes, to see whether the machine was busy."""
    return [round(value, 2) for value in os.getloadavg()]


def fsync(directory: Path) -> dict[str, float]:
    """Microseconds to write and flush 8 KiB, which is what a commit waits for."""
    took = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(WRITES):
            began = time.perf_counter()
            os.pwrite(file.fileno(), bytes(8192), 0)
            getattr(os, "fdatasync", os.fsync)(file.fileno())
            took.append((time.perf_counter() - began) * 1e6)
    return {"p50_us": round(percentile(took, 50)), "p99_us": round(percentile(took, 99))}


def _proc(file: str, name: str) -> str | None:
    if not Path(file).exists():
        return None
    lines = Path(file).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)


def _git(*arguments: str) -> str:
    here = Path(__file__).parent
    return subprocess.run(
        ["git", *arguments], cwd=here, capture_output=True, text=True, check=False
    ).stdout.strip()
