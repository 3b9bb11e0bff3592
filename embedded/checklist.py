"""Progress of a start, step by step with durations: live on a terminal, plain lines elsewhere."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

HEARTBEAT = 15.0
"""Seconds between progress lines of a running step where the output is not a terminal."""


@dataclass
class Step:
    title: str
    console: Console | None
    """Where each change is printed at once; None where the list is live."""
    detail: str = ""
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    failed: bool = False

    def doing(self, what: str) -> None:
        """Shows what the step is doing now."""
        self.detail = what
        self.line(f"… {self.title}: {what}")

    def done(self, result: str) -> None:
        """Shows the result of the step."""
        self.detail = result

    def line(self, text: str) -> None:
        if self.console:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    @property
    def elapsed(self) -> str:
        return f"{(self.ended or time.monotonic()) - self.started:.1f} s"

    @property
    def mark(self) -> Text:
        return Text("✗", "bold red") if self.failed else Text("✓", "green")


class Checklist:
    """Used as a context manager around all steps."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps: list[Step] = []
        self._spinner = Spinner("dots")
        self._live = (
            Live(self, console=console, refresh_per_second=8) if console.is_terminal else None
        )

    def __enter__(self) -> "Checklist":
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Runs one step; an exception marks it as failed and is raised on."""
        step = Step(title, None if self._live else self._console)
        self._steps.append(step)
        try:
            with _heartbeat(step):
                yield step
        except BaseException:
            step.failed = True
            raise
        finally:
            step.ended = time.monotonic()
            step.line(f"{step.mark} {title} ({step.elapsed}) {step.detail}".rstrip())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table.grid(padding=(0, 1))
        for step in self._steps:
            mark = self._spinner if step.ended is None else step.mark
            table.add_row(mark, step.title, Text(step.elapsed, "dim"), Text(step.detail, "dim"))
        yield table


@contextlib.contextmanager
def _heartbeat(step: Step) -> Iterator[None]:
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT):
            step.line(f"… {step.title}: still running after {step.elapsed}")

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        over.set()
