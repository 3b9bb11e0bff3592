"""`chairtime dev`: the whole system on this machine, from nothing but the checkout."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from embedded import places, record, signals, welcome
from embedded.checklist import Checklist
from embedded.system import Options, System


def run(options: Options, token: Callable[[str], str]) -> None:
    """Starts everything, keeps it running, and ends it when asked to; `token` makes one for a role.

    Raises AlreadyRunning, ProcessEnded, TimeoutError, Unobtainable, MigrationRefused, OldLayout:
    then nothing is left running.
    """
    signals.raise_when_asked_to_end()
    console = Console(highlight=False)
    with record.alone(options.home), _data(options) as data, _announced(options.home):
        system = System(options, data, console)
        try:
            with Checklist(console) as checklist:
                system.start(checklist)
            welcome.show(console, system.record, options, token)
            system.supervisor.keep()
        except KeyboardInterrupt:
            console.print("\nStopping …")
        finally:
            signals.ignore()
            system.supervisor.stop()
    console.print("Stopped.")


@contextlib.contextmanager
def _data(options: Options) -> Iterator[Path]:
    """Where this run keeps its data."""
    home = places.data(options.home)
    ephemeral = home / "ephemeral"
    shutil.rmtree(ephemeral, ignore_errors=True)  # of one that was killed
    data = ephemeral if options.ephemeral else home / "data"
    if options.reset:
        shutil.rmtree(data, ignore_errors=True)

    data.mkdir(exist_ok=True)
    places.open_for_others(data)
    yield data
    shutil.rmtree(ephemeral, ignore_errors=True)


@contextlib.contextmanager
def _announced(home: Path) -> Iterator[None]:
    """dev.json is there only while the stack runs."""
    dev_json = home / "dev.json"
    dev_json.unlink(missing_ok=True)
    try:
        yield
    finally:
        dev_json.unlink(missing_ok=True)
