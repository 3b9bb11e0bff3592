"""What is being started, each step with its time: live on a terminal, plain lines elsewhere."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

HEARTBEAT = 15.0
"""Seconds after which a step on a plain output says again that it is working."""


@dataclass
class Step:
    title: str
    detail: str = ""
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    failed: bool = False

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
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """One step; what it yields is told what is being done."""
        step = Step(title)
        self._steps.append(step)

        def say(detail: str) -> None:
            step.detail = detail
            if not self._live:
                self._line(f"… {title}: {detail}")

        try:
            with self._heartbeat(step):
                yield say
        except BaseException:
            step.failed = True
            raise
        finally:
            step.ended = time.monotonic()
            if not self._live:
                self._line(f"{step.mark} {title} ({step.elapsed}) {step.detail}".rstrip())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table.grid(padding=(0, 1))
        for step in self._steps:
            mark = self._spinner if step.ended is None else step.mark
            table.add_row(mark, step.title, Text(step.elapsed, "dim"), Text(step.detail, "dim"))
        yield table

    @contextlib.contextmanager
    def _heartbeat(self, step: Step) -> Iterator[None]:
        over = threading.Event()

        def beat() -> None:
            while not over.wait(HEARTBEAT):
                self._line(f"… {step.title}: still at work, {step.elapsed} so far")

        if not self._live:
            threading.Thread(target=beat, daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
