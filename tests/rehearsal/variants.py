"""Steps that start what is not there by default: the profiles, and development mode."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import httpx2

from tests.rehearsal.load import History, book
from tests.rehearsal.rehearsal import Failed, Rehearsal, thread
from tests.rehearsal.stack import CHECKOUT, Stack

REDIS = "redis://redis:6379"
TARGETS = "http://127.0.0.1:9090/api/v1/targets?state=active"
SCRAPED_SECONDS = 60
TRY_PORT = 18000


async def profiles(rehearsal: Rehearsal) -> str:
    """With both profiles, limits are counted in Redis, and Prometheus reads every process."""
    stack = rehearsal.stack
    added = ["redis", "prometheus", *(["grafana"] if _has_grafana(stack) else [])]
    stack.settings |= {"COMPOSE_PROFILES": "cache,obs", "RATE_LIMIT_STORAGE": REDIS}
    try:
        await thread(stack.up, "api", "worker", *added)
        await book(rehearsal.practice, History())
        counters = await thread(_ask, stack, "redis", "redis-cli", "dbsize")
        targets = await _read_targets(stack)
    finally:
        await thread(stack.compose, "rm", "--stop", "--force", *added)
        del stack.settings["COMPOSE_PROFILES"], stack.settings["RATE_LIMIT_STORAGE"]
        await thread(stack.up, "api", "worker")
    if int(counters.split()[-1]) == 0:
        raise Failed("no limit is counted in Redis")
    grafana = "Grafana is healthy" if "grafana" in added else "no image of Grafana"
    return f"{counters.strip()} counters in Redis; Prometheus reads {targets}; {grafana}"


async def development(rehearsal: Rehearsal) -> str:
    """`compose.try.yml` with the values of `compose.try.env`, but for the port."""
    with tempfile.TemporaryDirectory() as directory:
        stack = Stack(rehearsal.stack.engine, Path(directory), _try_settings(), "try")
        await thread(lambda: stack.down(volumes=True))
        try:
            seconds = await thread(stack.up)
            token = await thread(_ask, stack, "api", "chairtime", "token", "--role", "patient")
            headers = {"Authorization": f"Bearer {token.split()[-1]}"}
            async with httpx2.AsyncClient(base_url=f"http://localhost:{TRY_PORT}") as http:
                clinics = (await http.get("/api/clinics", headers=headers)).json()
                mine = await http.get("/api/appointments", headers=headers)
                page = await http.get("/", headers={"Accept": "text/html"})
        finally:
            await thread(lambda: stack.down(volumes=True))
    found = (len(clinics), mine.status_code, page.status_code)
    if found != (2, 200, 200):
        raise Failed(f"clinics, status of the own bookings, status of the page: {found}")
    return f"healthy in {seconds:.0f} s, demo data and the web app are there"


def _try_settings() -> dict[str, str]:
    lines = (CHECKOUT / "compose.try.env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {**values, "HTTP_PORT": str(TRY_PORT), "HTTPS_PORT": str(TRY_PORT + 1)}


async def _read_targets(stack: Stack) -> str:
    """What Prometheus reads, once every target answers."""
    wanted = {"api": len(stack.of("api")), "worker": len(stack.of("worker")), "temporal": 1}
    found: dict[str, list[str]] = {}
    for _ in range(SCRAPED_SECONDS):
        found = {}
        for target in json.loads(await thread(_ask, stack, "prometheus", "wget", "-qO-", TARGETS))[
            "data"
        ]["activeTargets"]:
            found.setdefault(target["labels"]["job"], []).append(target["health"])
        if found == {job: ["up"] * count for job, count in wanted.items()}:
            return ", ".join(f"{count} {job}" for job, count in wanted.items())
        await asyncio.sleep(1)
    raise Failed(f"Prometheus reads {found}, not {wanted}")


def _ask(stack: Stack, service: str, *command: str) -> Any:
    return stack.engine.docker("exec", stack.of(service)[0].name, *command).stdout


def _has_grafana(stack: Stack) -> bool:
    """Whether its image is there; nothing stands in for it."""
    found = stack.engine.docker("image", "ls", "--quiet", "grafana/grafana").stdout
    return bool(found.strip())
