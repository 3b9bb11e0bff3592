"""What is shown once everything runs: where things are, and three calls to paste."""

import json
import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from embedded import probe, web_ui
from embedded.record import Record
from embedded.system import Options

TYPE = "demo-short-hold"
"""An appointment type of the demo data, whose hold lasts five seconds: an expiry can be watched."""

DAYS_AHEAD = 14
PATIENCE = 5.0


def show(console: Console, record: Record, options: Options, token: Callable[[str], str]) -> None:
    """`token` makes one for a role."""
    table = Table(title="Chairtime is running", title_justify="left")
    table.add_column("")
    table.add_column("where")
    for name, where in _places(record, options):
        table.add_row(name, where)
    console.print(table)
    bookings = web_ui.bookings(record.temporal, web_ui.BOOKED)
    columns = f"\n# the bookings in the Web UI; add to its columns: {web_ui.COLUMNS}"
    console.print(columns, style="dim", soft_wrap=True)
    console.print(bookings, markup=False, soft_wrap=True)

    for comment, command in _calls(record.api.url, token("patient")):
        console.print(f"\n# {comment}", style="dim")
        console.print(command, markup=False, soft_wrap=True)
    console.print("\nCtrl-C ends everything.", style="dim")


def _places(record: Record, options: Options) -> list[tuple[str, str]]:
    taken = urlsplit(record.api.url).port != options.api_port
    moved = f"   (port {options.api_port} is in use)" if taken else ""
    return [
        ("API", record.api.url + moved),
        ("API docs", f"{record.api.url}/docs"),
        ("Temporal Web UI", record.temporal.ui_url or f"of {record.temporal.address}"),
        ("Postgres", record.database.url if not options.database_url else "DATABASE_URL"),
        ("Logs", f"{options.home}/logs"),
    ]


def _calls(url: str, token: str) -> list[tuple[str, str]]:
    """Each with what it is for; they work in this order, in one terminal, now and later."""
    port = urlsplit(url).port or 80
    curl = f"curl -s -H 'Authorization: Bearer {token}'"
    calls = [("the dentists", f"{curl} {url}/api/profiles/dentists")]

    slot = _free_slot(port, token)
    if slot:
        typed = f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(slot))}"
        reserve = f"{curl} {typed} {url}/api/availability/reserve"
        calls.append(("a slot, held for five seconds", reserve))

    stream = f"{url}/api/events?topics=appointments&cursor={_cursor(port, token)}"
    calls.append(("what has happened since, and what happens next", f"{curl} -N '{stream}'"))
    return calls


def _free_slot(port: int, token: str) -> dict[str, str] | None:
    """The body of a reservation that will be accepted, days from now too. None without a slot."""
    for dentist in _json(port, "/api/profiles/dentists", token):
        query = f"appointment_type={TYPE}&days={DAYS_AHEAD}"
        slots = _json(port, f"/api/availability/{dentist['id']}/slots?{query}", token)
        if slots:
            start = slots[-1]["starts_at"]
            return {"dentist_id": dentist["id"], "starts_at": start, "appointment_type": TYPE}
    return None


def _cursor(port: int, token: str) -> str:
    """Where the events stand now, so that the stream begins with what was done in the meantime."""
    answer = probe.get(port, "/api/appointments", token, PATIENCE)
    return answer.headers.get("Event-Cursor", "") if answer else ""


def _json(port: int, path: str, token: str) -> Any:
    answer = probe.get(port, path, token, PATIENCE)
    return answer.json() if answer else []
