"""The log of a process: one line per event on standard error, JSON in production, readable in
development. Each line has the fields of its request, message or activity (db/log_context.py).
"""

import logging
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

import structlog
from opentelemetry import trace
from pydantic_core import to_json
from structlog.typing import EventDict, Processor

from db.log_context import log_fields
from db.tracebacks import without_texts

NOISY = ("httpx2", "httpcore2")
"""Libraries that log each request at the level INFO."""

log = logging.getLogger("chairtime")


def configure(environment: Literal["production", "development"]) -> None:
    """Sends all log records and warnings of this process to standard error, without the texts of
    exceptions, which may contain personal data.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(environment))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def formatter(environment: Literal["production", "development"]) -> logging.Formatter:
    """Formats a record as one line of JSON, or readably."""
    render: list[Processor] = [_as_json]
    if environment == "development":
        render = [_on_one_clock, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return structlog.stdlib.ProcessorFormatter(processors=[_event, *render])


def _event(_logger: object, _method: str, given: EventDict) -> EventDict:
    """The fields of a line: when, how grave, what, where; then those of its context and its own."""
    record: logging.LogRecord = given["_record"]
    text = str(given["event"])
    if record.name == "asyncio":
        text = text.partition("\n")[0]  # further lines show values, such as a task's exception
    event: EventDict = {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "event": text,
        "logger": record.name,
        **log_fields(),
        **getattr(record, "fields", {}),
    }
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event.setdefault("trace_id", f"{span.trace_id:032x}")
    error = given["exc_info"][1] if given.get("exc_info") else None
    if error is not None:
        event["traceback"] = without_texts(error)
    return event


def _as_json(_logger: object, _method: str, event: EventDict) -> str:
    return to_json(event).decode()


def _on_one_clock(_logger: object, _method: str, event: EventDict) -> EventDict:
    """In development the time of day is enough, and a traceback is read below its line."""
    event["timestamp"] = event["timestamp"][11:23]
    if traceback := event.pop("traceback", None):
        event["event"] = f"{event['event']}\n{traceback}"
    return event


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> Any:
    if issubclass(kind, KeyboardInterrupt):
        return sys.__excepthook__(kind, error, traceback)
    log.critical("the process ends by an error: %s", without_texts(error))
