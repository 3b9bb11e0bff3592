"""`chairtime demo`: the story of a few bookings, told against the running stack by its public API
alone. Whatever is not as promised ends it with an error, so it is a smoke test too.
"""

import asyncio
import sys
from datetime import UTC, datetime
from statistics import median
from uuid import uuid4

import httpx2
from rich.console import Console

from api.auth import development
from chairtime_client import Event, events
from embedded import record, web_ui
from embedded.caller import Caller, Json
from embedded.story import Story
from embedded.watcher import NotAsPromised, Watcher
from settings import Settings

TOPICS = ("appointments", "availability")

FOR_THE_STREAM = 5.0
"""Seconds until it must be ready."""


def run(settings: Settings) -> None:
    """Tells the story. Exits with 1 where nothing runs or something is not as promised."""
    running = record.read(settings.chairtime_home)
    if running is None:
        sys.exit("chairtime demo: nothing runs here; start it in another terminal with `make dev`")
    console = Console(highlight=False)
    try:
        asyncio.run(_tell(settings, running, console))
    except NotAsPromised as broken:
        sys.exit(f"chairtime demo: not as promised: {broken}")
    except httpx2.HTTPError as error:
        sys.exit(f"chairtime demo: {running.api.url} does not answer: {error!r}")
    except PermissionError as refused:
        sys.exit(f"chairtime demo: {refused}")
    except KeyboardInterrupt:
        sys.exit(130)


class Ticker:
    """Prints the events of the story's slots as they arrive; those of others pass by."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._slots: set[tuple[str, datetime]] = set()
        self.latencies: list[float] = []
        """Milliseconds."""

    def watch(self, slot: Json) -> None:
        self._slots.add(_slot(slot))

    def show(self, event: Event) -> None:
        if "starts_at" not in event.data or _slot(event.data) not in self._slots:
            return
        # the clocks agree, as on one machine
        latency = (datetime.now(UTC) - event.occurred_at).total_seconds() * 1000
        self.latencies.append(latency)
        style = "cyan" if event.kind.startswith("appointment") else "dim cyan"
        self._console.print(
            f"   ← [{style}]stream    {event.kind:<57}[/] {latency:>6.1f} ms", soft_wrap=True
        )


async def _tell(settings: Settings, running: record.Record, console: Console) -> None:
    def patient(name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {development.token(settings, 'patient', name)}"}

    ticker, tale = Ticker(console), uuid4().hex
    async with httpx2.AsyncClient(base_url=running.api.url) as client:
        one, other = (
            # new people each time: nobody's earlier bookings are in the way
            Caller(client, patient(f"demo {who} {tale}"), f"patient {who}", console)
            for who in "AB"
        )
        stream = events(running.api.url, development.token(settings, "admin"), topics=TOPICS)
        watcher = Watcher(stream, ticker.show)
        story = Story((one, other), watcher, ticker.watch, console)
        _begin(console, running)
        async with watcher.watching(FOR_THE_STREAM):
            await story.tell()
        _end(console, running, story, ticker)
        await _is_well(one)
    console.print("\n[bold green]✓ All as promised.[/]")


def _begin(console: Console, running: record.Record) -> None:
    console.print(f"[bold]Chairtime[/] at {running.api.url}", soft_wrap=True)
    console.print("→ requests, with the time to their answer", style="dim")
    console.print(
        "← events as the clinic's dashboard gets them (SSE), with the time since the change",
        style="dim",
        soft_wrap=True,
    )


async def _is_well(caller: Caller) -> None:
    health = await caller.read("/health")
    if health["status"] != "ok":
        ill = ", ".join(part for part, state in health.items() if state != "ok")
        raise NotAsPromised(f"the story went well, but /health says degraded: {ill}")


def _end(console: Console, running: record.Record, story: Story, ticker: Ticker) -> None:
    middle, slowest = median(ticker.latencies), max(ticker.latencies)
    console.print(
        f"\n{len(ticker.latencies)} events, from the change in Postgres to this terminal "
        f"{middle:.1f} ms (median), {slowest:.1f} ms (slowest).\n",
        soft_wrap=True,
    )
    places = [(how, web_ui.booking(running.temporal, b["id"])) for how, b in story.bookings]
    places += [
        ("all bookings", web_ui.bookings(running.temporal, web_ui.ALL)),
        ("its columns", f"add {web_ui.COLUMNS}"),
        ("the API, to try", f"{running.api.url}/docs"),
        ("how it works", "README.md, docs/lifecycle.md, docs/events.md"),
    ]
    console.print("[bold]Where to look[/] (each booking is one workflow, with its history)")
    for what, where in places:  # whole lines: a link that is cut cannot be followed
        console.print(f"   {what:<20} {where}", soft_wrap=True)


def _slot(data: Json) -> tuple[str, datetime]:
    return data["dentist_id"], datetime.fromisoformat(data["starts_at"])
