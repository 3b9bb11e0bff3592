"""The form of a log line, whoever logs it."""

import asyncio
import io
import json
import logging
import sys

import pytest

import logs
from db.log_context import add_to_log, log_context, one_request_id
from db.outages import REPEAT_AFTER, OutageLog
from tests.observability.lines import written

SECRET = "Ana Torres, +49 30 1234567"
"""What the text of an error may carry."""

log = logging.getLogger("some.module")


def test_a_line_in_production_is_json_with_time_level_logger_and_fields():
    with written() as lines, log_context(request_id="r-1"):
        log.warning("%d of %s", 3, "these", extra={"fields": {"status": 200}})
    (line,) = lines.all
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "warning",
        "event": "3 of these",
        "logger": "some.module",
        "request_id": "r-1",
        "status": 200,
    }


def test_a_text_with_line_ends_stays_one_line():
    with written() as lines:
        log.warning('first\nsecond "quoted"\r\n{"level": "forged"}')
    assert len(lines.text.splitlines()) == 1
    assert lines.all[0]["level"] == "warning"


def test_a_line_in_development_is_readable():
    record = logging.LogRecord("some.module", logging.INFO, "", 0, "relay: leading", (), None)
    with log_context(request_id="r-1"):
        text = logs.formatter("development").format(record)
    assert "relay: leading" in text
    assert "request_id" in text
    assert "r-1" in text
    assert "{" not in text


@pytest.mark.parametrize("environment", ["production", "development"])
def test_a_traceback_has_no_texts_of_exceptions(environment):
    try:
        raise KeyError(SECRET)
    except KeyError:
        info = sys.exc_info()
    record = logging.LogRecord("library", logging.ERROR, "", 0, "it failed", (), info)
    text = logs.formatter(environment).format(record)
    assert "KeyError" in text
    assert "test_lines.py" in text
    assert SECRET not in text


async def test_the_exception_of_a_lost_task_is_logged_without_its_text():
    async def fails() -> None:
        raise ValueError(SECRET)

    with written() as lines:
        loop = asyncio.get_running_loop()
        task = loop.create_task(fails())
        await asyncio.wait([task])
        failed = {"message": "lost", "exception": task.exception(), "future": task}
        loop.default_exception_handler(failed)
    assert lines.of(logger="asyncio", event="lost")
    assert SECRET not in lines.text


def test_an_error_that_ends_the_process_is_logged_without_its_text(monkeypatch):
    with written() as lines:
        logs._log_uncaught(ValueError, ValueError(SECRET), None)
    assert "ValueError" in lines.text
    assert SECRET not in lines.text


def test_configured_logging_writes_each_record_and_warning_once_to_standard_error(monkeypatch):
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    output = io.StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    try:
        logs.configure("production")
        log.info("once")
        logging.getLogger("uvicorn.error").warning("twice?")
        logging.getLogger("httpx2").info("HTTP Request: GET https://issuer.example/keys")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.excepthook = hook
        logging.captureWarnings(False)
    assert [json.loads(line)["event"] for line in output.getvalue().splitlines()] == [
        "once",
        "twice?",
    ]


async def test_fields_belong_to_their_request_and_what_it_starts():
    async def request(id: str) -> None:
        with log_context(request_id=id):
            await asyncio.sleep(0)
            add_to_log(role=f"role of {id}")
            await asyncio.create_task(inner(id))

    async def inner(id: str) -> None:
        await asyncio.sleep(0)
        log.warning("%s", id)

    add_to_log(role="nobody's")
    with written() as lines:
        await asyncio.gather(*(request(str(number)) for number in range(10)))
        log.warning("outside")
    for line in lines.all[:-1]:
        assert (line["request_id"], line["role"]) == (line["event"], f"role of {line['event']}")
    assert not {"request_id", "role"} & set(lines.all[-1])


@pytest.mark.parametrize("bad", ["", "x" * 65, "a b", "a\nb", "ä", None])
def test_a_request_id_that_the_api_would_replace_is_not_logged(bad):
    assert one_request_id([bad]) == {}
    assert one_request_id(["good.1", bad]) == {"request_id": "good.1"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_outage_is_a_line_at_its_beginning_one_a_minute_and_one_at_its_end():
    clock = Clock()
    outage = OutageLog(log, "the database is unavailable", clock)
    with written() as lines:
        for clock.now in range(0, 150):  # seconds
            for _ in range(100):
                outage.failed("ConnectionRefusedError")
        for _ in range(100):
            outage.worked()
    begins, after_one, after_two, ends = (line["event"] for line in lines.all)
    assert begins == "the database is unavailable: ConnectionRefusedError (failed calls: 1)"
    assert after_one.endswith("(failed calls: 6000)")
    assert after_two.endswith("(failed calls: 6000)")
    assert ends == "no longer: the database is unavailable (failed calls: 2999)"
    assert REPEAT_AFTER == 60


def test_calls_that_fail_now_and_then_write_no_more_than_an_outage():
    clock = Clock()
    outage = OutageLog(log, "flaky", clock)
    with written() as lines:
        for clock.now in range(0, 600):
            outage.failed("TimeoutError")
            outage.worked()
    assert len(lines.all) <= 2 * 10
