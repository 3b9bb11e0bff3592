"""The `chairtime` command. Each command imports what it needs, so that --help is fast."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from settings import Settings
    from workflows.restore import Restored

app = typer.Typer(
    help="Durable, real-time booking for dental clinics.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


export = typer.Typer(help="Print documents for other programs.", no_args_is_help=True)
app.add_typer(export, name="export")


@app.command()
def dev(
    reset: Annotated[bool, typer.Option("--reset", help="Delete all data first.")] = False,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Use temporary data.")] = False,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    parent: Annotated[int, typer.Option(help="Stop when this parent process ends.")] = 0,
) -> None:
    """Start everything on this machine: Postgres, Temporal, worker and API, with demo data."""
    from api.auth import development
    from db.migrate import MigrationRefused
    from embedded import dev, dev_state, signals, temporal_cli
    from embedded.process import ProcessEnded
    from embedded.system import Options

    if parent:
        signals.end_with(parent)
    settings = _development_settings()
    if settings.environment != "development":
        sys.exit(
            "chairtime dev: refused in production, as it loads demo data; unset DATABASE_URL,"
            " or set ENVIRONMENT=development if that database may be filled with demo data"
        )
    given = "database_url" in settings.model_fields_set
    options = Options(
        home=settings.chairtime_home,
        api_port=settings.port,
        metrics_port=settings.metrics_port,
        processes=processes,
        reset=reset,
        ephemeral=ephemeral,
        database_url=settings.database_url.get_secret_value() if given else None,
        temporal_address=os.environ.get("TEMPORAL_ADDRESS"),
    )
    try:
        dev.run(options, lambda role: development.token(settings, role))
    except (
        dev_state.AlreadyRunning,
        ProcessEnded,
        TimeoutError,
        temporal_cli.Unobtainable,
    ) as failure:
        sys.exit(f"chairtime dev: {failure}")
    except MigrationRefused as refused:
        sys.exit(f'chairtime dev: {refused}; make dev ARGS="--reset" starts empty')


@app.command()
def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the HTTP API."""
    from api.http.server import serve

    given = {"host": host, "port": port}
    update = {name: value for name, value in given.items() if value is not None}
    serve(_settings().model_copy(update=update))


@app.command()
def worker(
    health_port: Annotated[int, typer.Option(help="For /livez and /readyz; 0 = none.")] = 0,
) -> None:
    """Run one worker of the booking workflows; start more of them for more throughput."""
    import worker

    worker.main(_settings(), health_port)
    _exit(0)


@app.command()
def migrate() -> None:
    """Apply the migrations, and register Temporal's search attributes if it is reachable."""
    from db.migrate import MigrationRefused, MigrationUnfinished, migrate

    try:
        with _database_refusals("migrate"):
            applied = asyncio.run(migrate(_settings().database_url.get_secret_value()))
    except (MigrationRefused, MigrationUnfinished) as failed:
        sys.exit(f"chairtime migrate: {failed}")
    for version in applied:
        print(f"applied {version}")
    print("The schema is up to date.")
    asyncio.run(_register_search_attributes())
    _exit(0)


@app.command()
def restored() -> None:
    """Run this after Postgres was restored from a backup, or Temporal lost its state: begins a new
    event epoch, frees overdue holds, starts missing workflows, and says what it did.
    """
    with _database_refusals("restored"):
        done = asyncio.run(_restored(_settings().database_url.get_secret_value()))
    for line in done.lines():
        print(line)
    _exit(0 if done.repaired is not None else 1)


@app.command()
def demo_data() -> None:
    """Load the demo data into a migrated database. Refused unless ENVIRONMENT is development."""
    from db.demo_practice import load_demo_data

    settings = _settings()
    if settings.environment != "development":
        sys.exit(
            "chairtime demo-data: refused in production;"
            " to load demo data, set ENVIRONMENT=development"
        )
    asyncio.run(load_demo_data(settings.database_url.get_secret_value()))
    print("The demo data is loaded.")


@app.command()
def token(
    role: Annotated[Literal["admin", "dentist", "desk", "patient", "agent"], typer.Option()],
    name: Annotated[
        str | None, typer.Option("--as", help="Any name; the same name is the same person.")
    ] = None,
) -> None:
    """Print a development token."""
    from api.auth import development

    try:
        print(development.token(_development_settings(), role, name))
    except PermissionError as refusal:
        sys.exit(f"chairtime token: {refusal}")


@export.callback()
def _export() -> None:
    """Makes typer expect the name of a document, though there is only one so far."""


@export.command()
def tools(
    format: Annotated[Literal["openai", "anthropic", "json-schema"], typer.Option()],
) -> None:
    """Print the verbs of a conversation as tools of a language model."""
    import json

    from api.chatbot.tools import Format, exported

    print(json.dumps(exported(Format(format)), indent=2))


@app.command()
def mcp() -> None:
    """Serve the booking tools to a program on this machine (MCP over stdio), from the API at
    CHAIRTIME_URL with the token in CHAIRTIME_TOKEN.
    """
    from api.mcp.tools import TOOLS
    from api.ops.health import VERSION
    from mcp_server import stdio

    try:
        asyncio.run(stdio.serve(TOOLS, VERSION))
    except stdio.Refused as refusal:
        sys.exit(f"chairtime mcp: {refusal}")
    except KeyboardInterrupt:
        _exit(130)
    _exit(0)  # a thread may still wait for standard input


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Compare all bookings with their workflows, too.")
    ] = False,
) -> None:
    """Check the environment, and say how to get what is missing."""
    from embedded import doctor

    _exit(doctor.run(_development_settings(), as_json=as_json, deep=deep))


@app.command()
def chat(
    language: Annotated[Literal["en", "de"], typer.Option(help="The language it speaks.")] = "en",
    name: Annotated[str, typer.Option("--as", help="The patient who speaks.")] = "ana",
) -> None:
    """Talk with a scripted demo bot (no language model). It uses the API at CHAIRTIME_URL with
    CHAIRTIME_TOKEN, or else the running development stack.
    """
    from embedded.chat import terminal

    _exit(terminal.run(_development_settings(), language, name))


@app.command()
def demo() -> None:
    """Run a few booking scenarios against the running stack."""
    from embedded import demo

    demo.run(_development_settings())


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Run benchmarks beside a baseline; arguments go to `python -m benchmarks`."""
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks", *context.args])  # noqa: S606


@contextmanager
def _database_refusals(command: str) -> Iterator[None]:
    """Ends the command with one line where the database is away or refuses its login."""
    import asyncpg

    from db.pool import UNAVAILABLE

    try:
        yield
    except asyncpg.InsufficientPrivilegeError as refused:
        sys.exit(f"chairtime {command}: {refused}; use the login of the schema's owner")
    except (asyncpg.InvalidSchemaNameError, asyncpg.UndefinedTableError) as missing:
        sys.exit(
            f"chairtime {command}: {missing}; restore the backup into this database, or run"
            " `chairtime migrate`"
        )
    except (*UNAVAILABLE, asyncpg.InvalidAuthorizationSpecificationError) as failure:
        sys.exit(f"chairtime {command}: {failure!r}; is DATABASE_URL right, and does Postgres run?")


async def _restored(dsn: str) -> "Restored":
    from workflows import client, restore

    return await restore.restored(dsn, await client.connect())


async def _register_search_attributes() -> None:
    from workflows import client

    await client.register_search_attributes(await client.connect())


def _exit(code: int) -> NoReturn:
    """Ends a command that has used a Temporal client. A normal interpreter exit sometimes aborts
    while a thread of the client is still running (temporalio/sdk-python#300).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _settings() -> "Settings":
    """The settings. Ends the command with one line, without their values, if they are wrong."""
    from pydantic import ValidationError

    from settings import Settings

    try:
        return Settings()
    except ValidationError as refused:
        wrong = [(*error["loc"], error["msg"]) for error in refused.errors()]
        sys.exit("chairtime: wrong settings: " + "; ".join(": ".join(map(str, w)) for w in wrong))


def _development_settings() -> "Settings":
    """Settings whose environment is development unless ENVIRONMENT is set, or both a database and
    an issuer are, as in the `.env` of a production system. This is safe: production does not
    accept tokens of the local issuer.
    """
    settings = _settings()
    given = settings.model_fields_set
    if "environment" in given or {"database_url", "jwt_issuer"} <= given:
        return settings
    return settings.model_copy(update={"environment": "development"})


if __name__ == "__main__":
    app()
