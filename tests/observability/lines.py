"""The log as an operator reads it: what this process logs, as JSON lines."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import logs


class Lines:
    def __init__(self) -> None:
        self._written = io.StringIO()
        self.handler = logging.StreamHandler(self._written)
        self.handler.setFormatter(logs.formatter("production"))
        self.handler.addFilter(lambda record: record.name != "httpx2")  # the test's own client

    @property
    def text(self) -> str:
        return self._written.getvalue()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.all if line["logger"] == "chairtime.requests"]

    def of(self, **fields: object) -> list[dict[str, Any]]:
        """The lines that have all these fields."""
        return [line for line in self.all if fields.items() <= line.items()]


@contextmanager
def written() -> Iterator[Lines]:
    lines, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(lines.handler)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(lines.handler)
        root.setLevel(level)
