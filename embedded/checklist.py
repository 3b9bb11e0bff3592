"""Progress of a start: a line for each finished step, and a spinner on a terminal meanwhile."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.status import Status


@dataclass
class Step:
    title: str
    console: Console
    spinner: Status
    result: str = ""
    """Printed at the end of the step."""

    def doing(self, what: str) -> None:
        """Shows what the step is doing now."""
        self.spinner.update(f"{self.title}: {what}")
        if not self.console.is_terminal:
            _print(self.console, f"… {self.title}: {what}")


@contextlib.contextmanager
def step(console: Console, title: str) -> Iterator[Step]:
    """Runs one step; an exception marks it as failed and is raised on."""
    began, mark = time.monotonic(), "✗"
    with console.status(title) as spinner:
        running = Step(title, console, spinner)
        try:
            yield running
            mark = "✓"
        finally:
            seconds = time.monotonic() - began
            _print(console, f"{mark} {title} ({seconds:.1f} s) {running.result}".rstrip())


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
