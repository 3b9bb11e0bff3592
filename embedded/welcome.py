"""The welcome text of `chairtime dev`: addresses, and three example calls to paste."""

import json
import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from embedded import probe, web_app, web_ui
from embedded.dev_state import DevState
from embedded.system import Options

TYPE = "demo-short-hold"
"""Appointment type of the demo data whose holds expire after five seconds."""

DAYS_AHEAD = 14
TIMEOUT = 5.0
"""Seconds for each request."""


def show(console: Console, state: DevState, options: Options, token: Callable[[str], str]) -> None:
    """Prints the welcome text; `token` makes a token for a role."""
    table = Table(title="Chairtime is running", title_justify="left")
    table.add_column("")
    table.add_column("where")
    for name, where in _addresses(state, options):
        table.add_row(name, where)
    console.print(table)
    bookings = web_ui.bookings(state.temporal, web_ui.BOOKED)
    columns = f"\n# the bookings in the Web UI; add to its columns: {web_ui.COLUMNS}"
    console.print(columns, style="dim", soft_wrap=True)
    console.print(bookings, markup=False, soft_wrap=True)

    for comment, command in _calls(state.api.url, token("patient")):
        console.print(f"\n# {comment}", style="dim")
        console.print(command, markup=False, soft_wrap=True)
    console.print("\nCtrl-C stops everything.", style="dim")


def _addresses(state: DevState, options: Options) -> list[tuple[str, str]]:
    taken = urlsplit(state.api.url).port != options.api_port
    moved = f"   (port {options.api_port} is in use)" if taken else ""
    without = "" if web_app.is_built() else f"   (not built, see {options.home}/logs/web.log)"
    return [
        ("Web app", state.api.url + moved + without),
        ("API", state.api.url),
        ("API docs", f"{state.api.url}/docs"),
        ("Temporal Web UI", state.temporal.ui_url or f"of {state.temporal.address}"),
        ("Postgres", state.database.url if not options.database_url else "DATABASE_URL"),
        ("Logs", f"{options.home}/logs"),
    ]


def _calls(url: str, token: str) -> list[tuple[str, str]]:
    """Example calls, each as (comment, command), to be run in this order."""
    port = urlsplit(url).port or 80
    curl = f"curl -s -H 'Authorization: Bearer {token}'"
    calls = [("list the dentists", f"{curl} {url}/api/profiles/dentists")]

    slot = _free_slot(port, token)
    if slot:
        typed = f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(slot))}"
        reserve = f"{curl} {typed} {url}/api/availability/reserve"
        calls.append(("hold a slot for five seconds", reserve))

    stream = f"{url}/api/events?topics=appointments&cursor={_cursor(port, token)}"
    calls.append(("events since now, then live events", f"{curl} -N '{stream}'"))
    return calls


def _free_slot(port: int, token: str) -> dict[str, str] | None:
    """The body of a reservation for the last free slot, so that it stays valid for days. None
    without a free slot.
    """
    for dentist in _json(port, "/api/profiles/dentists", token):
        query = f"appointment_type={TYPE}&days={DAYS_AHEAD}"
        slots = _json(port, f"/api/availability/{dentist['id']}/slots?{query}", token)
        if slots:
            start = slots[-1]["starts_at"]
            return {"dentist_id": dentist["id"], "starts_at": start, "appointment_type": TYPE}
    return None


def _cursor(port: int, token: str) -> str:
    """The current event cursor, so that the stream also replays events from now on."""
    answer = probe.get(port, "/api/appointments", token, TIMEOUT)
    return answer.headers.get("Event-Cursor", "") if answer else ""


def _json(port: int, path: str, token: str) -> Any:
    answer = probe.get(port, path, token, TIMEOUT)
    return answer.json() if answer else []
