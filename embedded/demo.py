"""`chairtime demo`: a few booking scenarios against the running stack, over the public API only.
Any unexpected behaviour ends it with an error, so it is a smoke test too.
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
from embedded import dev_state, web_ui
from embedded.demo_client import DemoClient, Json
from embedded.event_waiter import EventWaiter, UnexpectedBehaviour
from embedded.scenarios import Scenarios
from settings import Settings

TOPICS = ("appointments", "availability")

READY_WITHIN = 5.0
"""Seconds within which the event stream must be ready."""


def run(settings: Settings) -> None:
    """Runs the scenarios. Exits with 1 if no stack runs or one of them fails."""
    running = dev_state.read(settings.chairtime_home)
    if running is None:
        sys.exit(
            "chairtime demo: no stack is running; start one in another terminal with `make dev`"
        )
    console = Console(highlight=False)
    try:
        asyncio.run(_run(settings, running, console))
    except UnexpectedBehaviour as failure:
        sys.exit(f"chairtime demo: unexpected behaviour: {failure}")
    except httpx2.HTTPError as error:
        sys.exit(f"chairtime demo: {running.api.url} does not answer: {error!r}")
    except PermissionError as refused:
        sys.exit(f"chairtime demo: {refused}")
    except KeyboardInterrupt:
        sys.exit(130)


class Ticker:
    """Prints the events of the scenarios' slots as they arrive; ignores all others."""

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
        # Client and database share one machine's clock, so the difference is the latency.
        latency = (datetime.now(UTC) - event.occurred_at).total_seconds() * 1000
        self.latencies.append(latency)
        style = "cyan" if event.kind.startswith("appointment") else "dim cyan"
        self._console.print(
            f"   ← [{style}]stream    {event.kind:<57}[/] {latency:>6.1f} ms", soft_wrap=True
        )


async def _run(settings: Settings, running: dev_state.DevState, console: Console) -> None:
    def patient(name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {development.token(settings, 'patient', name)}"}

    ticker, run_id = Ticker(console), uuid4().hex
    async with httpx2.AsyncClient(base_url=running.api.url) as client:
        one, other = (
            # New patients for each run, so that earlier bookings cannot conflict.
            DemoClient(client, patient(f"demo {who} {run_id}"), f"patient {who}", console)
            for who in "AB"
        )
        stream = events(running.api.url, development.token(settings, "admin"), topics=TOPICS)
        waiter = EventWaiter(stream, ticker.show)
        scenarios = Scenarios((one, other), waiter, ticker.watch, console)
        _print_intro(console, running)
        async with waiter.listening(READY_WITHIN):
            await scenarios.run()
        _print_summary(console, running, scenarios, ticker)
        await _check_health(one)
    console.print("\n[bold green]✓ All scenarios passed.[/]")


def _print_intro(console: Console, running: dev_state.DevState) -> None:
    console.print(f"[bold]Chairtime[/] at {running.api.url}", soft_wrap=True)
    console.print("→ requests, with their response time", style="dim")
    console.print(
        "← events as the clinic's dashboard receives them (SSE), with the time since the change",
        style="dim",
        soft_wrap=True,
    )


async def _check_health(client: DemoClient) -> None:
    health = await client.read("/health")
    if health["status"] != "ok":
        degraded = ", ".join(part for part, state in health.items() if state != "ok")
        raise UnexpectedBehaviour(f"the scenarios passed, but /health reports degraded: {degraded}")


def _print_summary(
    console: Console, running: dev_state.DevState, scenarios: Scenarios, ticker: Ticker
) -> None:
    typical, slowest = median(ticker.latencies), max(ticker.latencies)
    console.print(
        f"\n{len(ticker.latencies)} events, from the change in Postgres to this terminal "
        f"{typical:.1f} ms (median), {slowest:.1f} ms (slowest).\n",
        soft_wrap=True,
    )
    links = [(how, web_ui.booking(running.temporal, b["id"])) for how, b in scenarios.bookings]
    links += [
        ("all bookings", web_ui.bookings(running.temporal, web_ui.ALL)),
        ("its columns", f"add {web_ui.COLUMNS}"),
        ("the API, to try", f"{running.api.url}/docs"),
        ("how it works", "README.md, docs/lifecycle.md, docs/events.md"),
    ]
    console.print("[bold]Where to look[/] (each booking is one workflow, with its history)")
    for what, where in links:  # soft_wrap: a wrapped link cannot be clicked
        console.print(f"   {what:<20} {where}", soft_wrap=True)


def _slot(data: Json) -> tuple[str, datetime]:
    return data["dentist_id"], datetime.fromisoformat(data["starts_at"])
