"""The time it takes to verify a token and check its rights."""

import time
from types import SimpleNamespace

from fastapi import FastAPI, Request

from api.auth import development
from api.http import context
from benchmarks.figures import Result, Target, percentile
from settings import Settings

COUNT = 500
BOUND_MS = 0.3


async def measure(app: FastAPI, settings: Settings, result: Result) -> None:
    """One repetition: new tokens, and one token repeatedly."""
    others = [development.token(settings, "patient", lifetime=3600 + n) for n in range(COUNT)]
    for what, tokens in (("never seen before", others), ("seen before", others[:1] * COUNT)):
        took = [await _known(app, token) for token in tokens]
        row = result.row(f"a token {what}, and its rights", Target("p50_ms", "≤", BOUND_MS))
        row.add(p50_ms=percentile(took, 50), p99_ms=percentile(took, 99), least_ms=min(took))


async def _known(app: FastAPI, token: str) -> float:
    """Milliseconds to authenticate a request and check its rights."""
    headers = [(b"authorization", f"Bearer {token}".encode())]
    route = SimpleNamespace(name="list_appointments")
    request = Request({"type": "http", "app": app, "headers": headers, "route": route})
    began = time.perf_counter()
    await context.caller(request)
    return (time.perf_counter() - began) * 1000
