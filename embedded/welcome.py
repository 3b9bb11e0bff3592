"""What is shown once everything runs: where things are, and three calls to paste."""

import json
import shlex
from collections.abc import Callable
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from embedded import probe
from embedded.record import Record
from embedded.system import Options

TYPE = "demo-short-hold"
"""An appointment type of the demo data, whose hold lasts five seconds: an expiry can be watched."""

DAYS_AHEAD = 14


def show(console: Console, record: Record, options: Options, token: Callable[[str], str]) -> None:
    """`token` makes one for a role."""
    table = Table(title="Chairtime is running", title_justify="left")
    table.add_column("")
    table.add_column("where")
    for name, where in _places(record, options):
        table.add_row(name, where)
    console.print(table)

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
    """Each with what it is for; they work in this order, in one terminal."""
    authorized = f"-H 'Authorization: Bearer {token}'"
    calls = [("the dentists", f"curl -s {authorized} {url}/api/profiles/dentists")]

    slot = _free_slot(urlsplit(url).port or 80, token)
    if slot:
        body = shlex.quote(json.dumps(slot))
        typed = "-H 'Content-Type: application/json'"
        reserve = f"{url}/api/availability/reserve"
        calls.append(
            ("hold a slot for five seconds", f"curl -s {authorized} {typed} -d {body} {reserve}")
        )

    stream = f"{url}/api/events?topics=appointments"
    calls.append(("watch it happen (in a second terminal)", f"curl -sN {authorized} '{stream}'"))
    return calls


def _free_slot(port: int, token: str) -> dict[str, str] | None:
    """The body of a reservation that will be accepted, as long as nobody else is faster."""
    for dentist in probe.json_of(port, "/api/profiles/dentists", token) or []:
        query = f"appointment_type={TYPE}&days={DAYS_AHEAD}"
        path = f"/api/availability/{dentist['id']}/slots?{query}"
        for slot in probe.json_of(port, path, token) or []:
            return {
                "dentist_id": slot["dentist_id"],
                "starts_at": slot["starts_at"],
                "appointment_type": TYPE,
            }
    return None
