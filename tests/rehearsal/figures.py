"""The step that measures: the same load through the proxy and on the development stack."""

import asyncio
import os

import httpx2

from benchmarks import system
from tests.rehearsal import load
from tests.rehearsal.load import History
from tests.rehearsal.practice import Practice
from tests.rehearsal.rehearsal import Rehearsal, thread
from tests.rehearsal.stack import ISSUER

CALLERS = 8
SECONDS = 20
WARM_SECONDS = 3


async def figures(rehearsal: Rehearsal) -> str:
    """Runs last: the containers are stopped while the development stack is measured."""
    containers = await _measure(rehearsal.practice)
    await thread(rehearsal.stack.compose, "stop")
    os.environ |= {"JWT_ISSUER": ISSUER, "JWT_SECRET": rehearsal.secret}
    running = system.running(lambda dsn, settings: None)
    development = await thread(running.__enter__)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{development.port}") as http:
            practice = Practice(http, rehearsal.secret)
            await practice.set_up()
            processes = await _measure(practice)
    finally:
        await thread(running.__exit__, None, None, None)
    rehearsal.say(f"  {'':<14}{'proxy':>8}{'dev stack':>11}")
    for name, value in containers.items():
        rehearsal.say(f"  {name:<14}{value:8.1f}{processes[name]:11.1f}")
    return (
        f"{containers['visits per s']:.0f} visits/s through the proxy,"
        f" {processes['visits per s']:.0f} on the development stack"
    )


async def _measure(practice: Practice) -> dict[str, float]:
    """Visits per second, and milliseconds from request to answer."""
    async with load.running(practice, History(), CALLERS):
        await asyncio.sleep(WARM_SECONDS)
    history = History()
    async with load.running(practice, history, CALLERS):
        await asyncio.sleep(SECONDS)
        visits = len(history.ended)
    quantiles = {
        f"{kind} p{share} ms": history.quantile(kind, share / 100) * 1000
        for kind in ("hold", "confirm")
        for share in (50, 99)
    }
    return {"visits per s": visits / SECONDS, **quantiles}
